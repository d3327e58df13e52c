# What the panel says. One file a language, the same keys and arguments in each.
# $name is whom it is about; numbers come as numbers, so that plurals can be right.

## Starting and waiting
booting = Starting
booting-more = One moment, please.
idle = Talk to a person
idle-more = You will see and hear each other.
idle-press = Press the call button
idle-touch = Touch here to call
somebody = Somebody is there for you
nobody = Nobody is there right now
nobody-more = As soon as somebody can answer, this screen will say so.
signing-in = Connecting
signing-in-more = In a moment you can call.
no-network = No network
no-network-more = This kiosk is cut off, so it cannot call right now. The staff can help you.
no-server = No connection
no-server-more = The call service does not answer. The staff can help you.
replaced = Used elsewhere
replaced-more = Another device has signed in as this kiosk. Please tell the staff.
retrying = Trying again now
retry-in =
    { $seconds ->
        [one] Trying again in { $seconds } second
       *[other] Trying again in { $seconds } seconds
    }
updating = Update in progress
updating-more = This takes a few minutes. Please do not switch off.
out-of-order = Out of order
out-of-order-more = This kiosk cannot make calls. Please tell the staff.
old-settings = Old settings
old-settings-more = The new ones have a mistake. Please tell the staff.
support-code = Support code
support-scan = Scan for help

## Beginning and ending calls
calling = Calling
reaching = One moment, please.
ringing-there = It is ringing there.
incoming = Incoming call
announced =
    { $seconds ->
        [one] Answered in { $seconds } second
       *[other] Answered in { $seconds } seconds
    }
announced-more = You will be seen and heard.
connecting = Connecting
connecting-more = Setting up a protected connection.
press-to-cancel = Call button: cancel
press-to-answer = Press the call button to answer
press-to-hang-up = Call button: hang up
verified = Verified
unverified = Not verified
unverified-more = Nobody vouches for this name. Say nothing private.

## In a call
muted = You are muted
camera-off = Your camera is off
no-camera = No camera
no-camera-more = The other side cannot see you.
no-sound = No sound
no-sound-more = You cannot hear each other. You can write.
peer-muted = Their microphone is off
peer-camera-off = Their camera is off
no-picture-yet = Waiting for the picture
server-lost = Service lost, the call goes on
reconnecting =
    { $seconds ->
        [one] Connection lost. Trying again for { $seconds } second
       *[other] Connection lost. Trying again for { $seconds } seconds
    }
held = On hold
held-more = Nobody sees or hears you.
held-press = Hold button: go on
peer-hold = They put you on hold
peer-hold-more = Please wait. Nobody sees or hears you.
quality-data-saver = Data saver
quality-sharp = Sharp picture
quality-smooth = Smooth picture
sharing-panel = You share this screen
sharing-document = You show the document camera
peer-screen = Shared screen
shown-whole = Whole page
shown-quarter = Part { $quarter } of 4
shown-loading = Opening the file
shown-failed = This file cannot be shown
shown-press = Zoom button: closer   ·   No button: close

## Writing
chat-new =
    { $count ->
        [one] { $count } new message
       *[other] { $count } new messages
    }
chat-page = Page { $page } of { $pages }
chat-press = Next button: choose   ·   Yes button: send
reply-1 = Yes
reply-2 = No
reply-3 = One moment, please
reply-4 = Please say that again

## What only the room may grant
ask-unmute = { $name } asks to hear you
ask-unmute-more = Your microphone will be on.
ask-camera-on = { $name } asks to see you
ask-camera-on-more = Your camera will be on.
ask-snapshot-camera = { $name } asks for a photo
ask-snapshot-camera-more = A still picture of your camera will be sent.
ask-snapshot-panel = { $name } asks for a picture of this screen
ask-snapshot-panel-more = What you see here will be sent as a picture.
ask-share-panel = { $name } asks to see this screen
ask-share-panel-more = They will see what you see, until you end it.
ask-share-document = { $name } asks to see your papers
ask-share-document-more = The document camera will be on, until you end it.
ask-other = { $name } asks for your consent
ask-other-more = Nothing happens unless you agree.
ask-press = Press Yes to agree, or No to refuse
ask-left =
    { $seconds ->
        [one] Refused by itself in { $seconds } second
       *[other] Refused by itself in { $seconds } seconds
    }

## Files
receiving = Receiving { $name }
sending = Sending { $name }

## Pairing
pairing = Pairing
pairing-waiting = Now start pairing on the other side too
pairing-waiting-more = Hold the pairing button there, or choose “Pair” on the page.
pairing-left =
    { $seconds ->
        [one] { $seconds } second left
       *[other] { $seconds } seconds left
    }
pairing-compare = Are these digits the same on both sides?
pairing-name = The other side calls itself { $name }
pairing-press = Press Yes if all six are the same, else No
pairing-confirmed = Confirmed here
pairing-confirmed-more = Now the other side has to confirm.
pairing-done = Paired
pairing-done-more = { $name } is trusted from now on.
pairing-failed = Not paired
pairing-timed-out = Nobody confirmed in time. Please try again.
pairing-cancelled = One side said no or left.
pairing-mismatch = The other side did not keep to its digits. Do not trust it.
pairing-too-many = Three tries are used up. Please wait ten minutes.
pairing-no-link = This kiosk has no connection right now.

## What was done from afar
remark-muted = { $name } muted you
remark-camera-off = { $name } turned your camera off
remark-volume = { $name } changed the volume
remark-share-stopped = { $name } ended your sharing
remark-granted-unmute = You can be heard
remark-granted-camera = You can be seen
remark-granted-snapshot = The picture is being sent
remark-granted-share = You are sharing now
remark-granted = Done
remark-file-received = A file has arrived
remark-file-sent = The file has arrived there
remark-file-declined = The file was refused
remark-file-size = The file is too large
remark-file-type = This kind of file is not taken
remark-file-quota = There is no room for the file
remark-file-damaged = The file arrived damaged
remark-file-storage = The file could not be kept
remark-file-stopped = The file was stopped
somebody-there = The other side

## How calls end
ended = Call ended
ended-hung-up = Goodbye.
ended-peer-hung-up = The other side hung up.
ended-rejected = Call declined
ended-rejected-more = Nobody can take your call right now. Please try again later.
ended-declined-more = You did not take this call.
ended-busy = Busy
ended-busy-more = They are in another call. Please try again in a few minutes.
ended-no-answer = No answer
ended-no-answer-more = Nobody answered. Please try again later.
ended-no-connection = Could not connect
ended-no-connection-more = The connection did not come about. Please try again.
ended-lost = Connection lost
ended-peer-lost-more = The other side cannot be reached any more. Please call again.
ended-link-lost-more = This kiosk lost its connection. Please call again in a moment.
ended-offline = Not available
ended-offline-more = They are not online. Please try again later.
ended-untrusted = Not accepted
ended-untrusted-more = The other side does not know this kiosk. Please tell the staff.
ended-not-secure = Not secure
ended-not-secure-more = Somebody may be listening in, so the call was ended. Please tell the staff.
ended-protocol-more = Something went wrong between the two sides. Please call again.
ended-media-more = Picture or sound failed. Please call again.
ended-shutdown-more = One side was switched off.

## On the buttons of a touch screen: one or two short words each
do-answer = Answer
do-decline = Decline
do-hang-up = Hang up
do-cancel = Cancel
do-mute = Mute
do-unmute = Unmute
do-camera-off = Camera off
do-camera-on = Camera on
do-hold = Hold
do-resume = Go on
do-stop-sharing = Stop sharing
do-yes = Yes
do-no = No
do-same = The same
do-not-same = Not the same
do-page = Earlier
do-zoom = Zoom
do-close = Close
