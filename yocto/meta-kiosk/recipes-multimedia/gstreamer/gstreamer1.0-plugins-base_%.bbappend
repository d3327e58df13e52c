PACKAGECONFIG:append:kiosk = " opus"
PACKAGECONFIG:remove:kiosk = "pango theora"
