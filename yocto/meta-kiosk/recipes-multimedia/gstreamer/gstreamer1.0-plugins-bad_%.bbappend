# webrtcbin and what it is made of; decoders of boards that keep no state.
PACKAGECONFIG:append:kiosk = " sctp srtp v4l2codecs webrtc"
# Large, or with libraries that are, and never used.
PACKAGECONFIG:remove:kiosk = "analytics closedcaption curl dash hls rsvg sbc smoothstreaming sndfile ttml webp"
