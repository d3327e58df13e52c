PACKAGECONFIG:append:kiosk = " vpx"
PACKAGECONFIG:remove:kiosk = "cairo flac gdk-pixbuf lame mpg123 soup3 speex taglib"
