# The operator's page. All catalogues have the same messages with the same variables.

title = Kiosk console
close = Close
cancel = Cancel
save = Save
remove = Remove

## The link to the server

link-offline = Signed out
link-connecting = Connecting…
link-signing-in = Signing in…
link-online = Online
link-waiting = Offline
link-retry = Trying again by itself.
link-retry-now = Try now
problem-needs-https = This page needs https: without it the browser signs nothing.
problem-bad-room = “{ $detail }” cannot be a room: use a–z, 0–9, “.”, “_” and “-”.
problem-bad-name = A name has 1 to 64 characters.
problem-bad-address = “{ $detail }” is no address of a server.
problem-no-answer = The server does not answer.
problem-unreachable = The server cannot be reached.
problem-version = The server speaks another version. Reload this page; if that does not help, tell your administrator.
problem-audience = The server calls itself “{ $detail }”. Nothing was signed for it.
problem-replaced = Another page has signed in as this one, and goes on there.
problem-full = The server is full.
problem-restarting = The server is restarting.
problem-refused = The server refused the sign-in ({ $detail }).
problem-flood = The server closed the link: there was too much at once.
problem-too-big = The server closed the link: a message was too large.
problem-busy = The server is too busy just now.

## Alerts

alert-sound = Let calls ring: browsers play no sound before you have clicked once.
alert-sound-allow = Turn the sound on
alert-notifications = Be told of calls while you work in another window.
alert-notifications-allow = Allow notifications
alert-later = Not now
calling-title = { $name } is calling
calling-many = { $count ->
    [one] One caller waits
   *[other] { $count } callers wait
  }

## The wall

wall = Kiosks
room = Room “{ $room }”
search = Find a kiosk
filter = Show
filter-all = All
filter-attention = Needs somebody
filter-idle = Free
filter-busy = In a call
filter-fault = Faulty
filter-offline = Offline
wall-empty = Nobody else is here yet. Kiosks appear as soon as they are online.
wall-waiting = The room is shown once the console is online.
wall-none-fits = No kiosk fits.
wall-show-all = Show all
state-calling = Calling you
state-visitor-waits = A visitor is waiting
state-unread = { $count ->
    [one] One new message
   *[other] { $count } new messages
  }
state-fault = Fault
state-with-us = In call with you
state-connecting = Connecting
state-idle = Free
state-in-call = In another call
state-here = Online
state-operator = Operator
state-offline = Offline
state-left = Left { $time }
fault-camera = No camera
fault-sound = No sound
fault-panel = No screen
call-name = Call { $name }
call = Call
open-name = Open { $name }

## Who is it

verification-pinned = Trusted
verification-pinned-long = You trust this key. Nobody else can call under it.
verification-member = Member
verification-member-long = Your organisation vouches for this key.
verification-unverified = Unverified
verification-unverified-long = Nobody has vouched for this key. The name is only what the caller says.
verification-changed = Key changed
verification-changed-long = You trust another key under this name. This may be an impostor: compare the key before you say anything.
key-of-kiosk = Key of this kiosk
key-of-operator = Key of this operator
trust = Trust
distrust = Stop trusting
pair = Pair
identity = Identity

## Ringing

ringing-waits = waiting for { $time }
ringing-title = { $count ->
    [one] Incoming call
   *[other] { $count } incoming calls
  }
answer = Answer
answer-ends = Answer and end this call
decline = Decline

## The call

stage = Call
phase-idle = Ready for calls
phase-calling = Calling { $name }…
phase-ringing = Ringing at { $name }…
phase-ringing-in = { $name } is calling
phase-connecting = Connecting to { $name }…
phase-checking = Checking that nobody is in between…
phase-in-call = In call with { $name }
phase-ended = Call ended
reconnecting = Connection lost. Trying again…
reconnected = The connection to { $name } is back.
somebody = The other side
picture-of = Picture of { $name }
picture-own = Your own picture
own-picture-screen = You are showing your screen
swap = Swap the pictures
no-picture = { $name } is not sending a picture.
is-muted = { $name } is muted.
remote-screen = { $name } is showing a screen or a document.
on-hold-here = The call is on hold. You are neither seen nor heard.
on-hold-there = { $name } has put the call on hold.
resume = Resume
sound-on = Turn the sound on
call-again = Call again
controls = Call controls
mute = Mute
unmute = Unmute
camera-off = Camera off
camera-on = Camera on
camera = Camera
share-screen = Share the screen
share-screen-stop = Stop sharing the screen
share = Share
hold = Hold
hold-long = Put the call on hold
more = More
devices = Devices and quality
hang-up = Hang up

## How it ended

ending-hung-up = You hung up.
ending-declined = You declined the call from { $name }.
ending-no-answer = No answer: the call with { $name } rang for too long.
ending-no-connection = No connection to { $name } could be made. A firewall may be in the way.
ending-peer-hung-up = { $name } hung up.
ending-peer-offline = { $name } has left the room.
ending-peer-lost = The connection to { $name } was lost and could not be made again.
ending-rejected = { $name } declined.
ending-busy = { $name } is in another call.
ending-untrusted = { $name } does not accept calls from this console: its key is not trusted there.
ending-link-lost = The call ended because the server could not be reached.
ending-not-secure = The call was stopped: the connection was not with { $name }. Somebody may be listening in.
ending-protocol = The call was stopped: messages were missing or made no sense.
ending-media-failed = The call was stopped: sound or picture could not be set up.
ending-shutdown = { $name } is being switched off.
failed-busy = There is a call already; hang up first.
failed-not-in-room = This kiosk is not in the room any more.
failed-nobody = Nobody else is in the room.
failed-no-offer = There is nothing to send yet.
failed-no-answer = There is nothing to send yet.
failed-nobody-calls = Nobody is calling any more.
failed-other-offer = Somebody else is calling by now.
failed-no-call = This needs a call.
failed-not-confirmed = The call is not confirmed yet.
failed-ended = The call has ended.
failed-set-up = The browser could not set the call up.
failed-empty-file = This file is empty.

## The kiosk, from afar

kiosk-controls = Kiosk
remote-hearing = Its microphone
remote-mute = Mute it
remote-unmute = Ask to unmute
remote-seeing = Its camera
remote-camera-off = Turn it off
remote-camera-on = Ask to turn it on
remote-volume = Volume there
remote-pictures = Pictures and papers
remote-snapshot-camera = Photo from the camera
remote-snapshot-panel = Picture of its screen
remote-share-panel = Show me its screen
remote-share-document = Show me the document camera
remote-share-stop = Stop showing it
remote-consent = The visitor is asked each time, and agrees or declines with a button.
remote-restart = Restart the kiosk
remote-restart-question = Restart { $name }?
remote-restart-long = A call in progress ends. The kiosk is back after about a minute.
remote-restart-do = Restart
wish-mute = mute
wish-unmute = unmute
wish-camera-off = camera off
wish-camera-on = camera on
wish-volume = volume
wish-snapshot-camera = photo from the camera
wish-snapshot-panel = picture of the screen
wish-share-panel = show its screen
wish-share-document = show the document camera
wish-share-stop = stop showing it
wish-restart = restart
wish-waits = Waiting for the visitor: { $wish }
wish-pending = Asked: { $wish }
wish-granted = Done: { $wish }
wish-refused = Declined: { $wish }
wish-no-answer = No answer: { $wish }

## Statistics

statistics = Connection
quality-good = Good
quality-fair = Fair
quality-poor = Poor
quality-good-long = The connection is good.
quality-fair-long = Short disturbances are possible.
quality-poor-long = Picture and sound may stall.
round-trip-time = Round-trip time
milliseconds = { $value } ms
bitrate-in = Received
bitrate-out = Sent
loss = Packets lost
jitter = Jitter
picture-size = Picture
picture-size-value = { $width } × { $height }, { $fps } frames/s
chart = { $name }: { $value } now, at most { $most } in the last minute
unknown = –

## Chat and files

chat = Chat
chat-with = Chat with { $name }
chat-log = Messages
chat-empty-kiosk = What you write appears on the kiosk’s screen.
chat-empty = Nothing was written yet.
chat-offline = { $name } is offline. What you write is delivered once it is back.
message = Message
message-placeholder = Write a message
send = Send
you = You
delivered = delivered
sent = sent
waits = waiting
unread = { $count ->
    [one] One unread message
   *[other] { $count } unread messages
  }
new-message = New message from { $name }
retention = Keep the history
retention-call = until the call ends
retention-page = until this page is closed
retention-days = { $days ->
    [one] for a day
   *[other] for { $days } days
  }
retention-forget = Delete all history
retention-forget-question = Delete the history with everybody?
retention-forget-do = Delete
quick-texts = Quick texts
quick-texts-edit = Edit quick texts
quick-texts-long = One line each. A click says it.
quick-texts-reset = Use the usual ones
quick-text-1 = Hello, how can I help you?
quick-text-2 = One moment, please.
quick-text-3 = Somebody is coming to you.
quick-text-4 = Please speak a little louder.
quick-text-5 = Thank you. Goodbye!
attach = Send a file
attach-needs-call = Files can be sent during a call.
drop-here = Drop to send to { $name }
file-preparing = Preparing
file-queued = Waiting for another file
file-offered = Waiting for the kiosk
file-moving-time = { $moved } of { $size }
file-paused = Paused; it goes on in the next call
file-sending = Sending
file-receiving = Receiving
file-sent = Sent
file-received = Received
file-failed-declined = Declined
file-failed-size = Too large
file-failed-type = This kind of file is not accepted
file-failed-quota = No space left there
file-failed-hash = Damaged on the way
file-failed-storage = It could not be stored
file-failed-stopped = Stopped
file-stop = Stop { $name }
file-progress = { $name }: { $percent }
file-save = Save { $name }
file-open = Open { $name }
file-show = Show on the kiosk
file-hide = Hide on the kiosk
file-shown = Shown on the kiosk
file-offered-here = { $name } wants to send this file
file-accept = Accept
file-decline = Decline
file-remove = Take { $name } off the list

## Pairing

pairing = Pair with a kiosk
pairing-intro = Pairing makes this browser and the kiosk trust each other, without a server in between. You need somebody at the kiosk.
pairing-step = At the kiosk, hold the pairing button for three seconds. Then both screens show six digits.
pairing-begin = Begin
pairing-waiting = Waiting for the kiosk…
seconds-left = { $seconds ->
    [one] one second left
   *[other] { $seconds } seconds left
  }
pairing-compare = Does the screen of { $name } show the same digits?
pairing-digits = Digits: { $digits }
pairing-name = Remember it as
pairing-same = They are the same
pairing-differ = They differ
pairing-confirmed = Confirmed here. Now somebody must press “yes” at the kiosk.
pairing-done = { $name } is trusted from now on.
pairing-failed-timed-out = Nobody answered in time.
pairing-failed-cancelled = The other side stopped the pairing.
pairing-failed-mismatch = The digits do not fit: somebody may be in between. Nothing was trusted.
pairing-failed-too-many-tries = Three tries in ten minutes are used up. Please wait a little.
pairing-failed-no-link = Pairing needs the link to the server.
pairing-again = Try again

## Trust

trust-list = Trusted keys
trust-list-empty = Nobody is trusted yet. Pair with a kiosk, or trust a key in the room.
trust-since = Trusted since { $date }
trust-remove-name = Remove { $name }
trust-remove-question = Stop trusting { $name }?
trust-remove-long = It is then unverified, until somebody pairs with it again.
own-key = The key of this browser, for whoever wants to trust it

## Settings

settings = Settings
settings-you = You
settings-name = Your name
settings-room = Room
settings-room-hint = Small letters, digits, dot, underscore and hyphen
settings-look = Look and language
settings-language = Language
settings-language-browser = As the browser ({ $language })
settings-theme = Colours
theme-system = As the system
theme-light = Light
theme-dark = Dark
settings-alerts = Alerts
settings-ring = Ring volume
settings-ring-test = Ring once
settings-notifications = Desktop notifications
settings-notifications-granted = Allowed
settings-notifications-denied = Blocked in the browser’s settings
settings-devices = Camera and sound
device-videoinput = Camera
device-audioinput = Microphone
device-audiooutput = Loudspeaker
device-default = The browser’s choice
quality = Picture that is sent
quality-auto = By itself
quality-data-saver = Saves data
quality-sharp = Sharp, for papers
quality-smooth = Smooth, for movement and sign language
media-audio-denied = The browser was not allowed to use the microphone. You will not be heard; allow it beside the address, then try again.
media-audio-missing = No microphone was found. You will not be heard.
media-audio-in-use = The microphone is in use by another program. You will not be heard.
media-audio-unusable = The microphone cannot be used here. You will not be heard.
media-audio-gone = The microphone is gone. The call goes on without it.
media-video-denied = The browser was not allowed to use the camera. You will not be seen; allow it beside the address, then try again.
media-video-missing = No camera was found. You will not be seen.
media-video-in-use = The camera is in use by another program. You will not be seen.
media-video-unusable = The camera cannot be used here. You will not be seen.
media-video-gone = The camera is gone. The call goes on without it.
media-screen-unusable = The screen cannot be shared here.

## Keys

help = Keyboard
help-off = Single keys are turned off in the settings.
help-allow = Single keys are shortcuts
key-answer = Answer
key-end = Decline, or stop ringing
key-hang-up = Hang up
key-mute = Mute or unmute
key-camera = Camera off or on
key-share = Share the screen
key-hold = Hold or resume
key-swap = Swap the pictures
key-chat = Go to the chat
key-search = Find a kiosk
key-help = This list
