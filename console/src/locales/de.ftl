# The operator's page. All catalogues have the same messages with the same variables.

title = Kiosk-Zentrale
close = Schließen
cancel = Abbrechen
save = Speichern
remove = Entfernen

## The link to the server

link-offline = Abgemeldet
link-connecting = Verbinden …
link-signing-in = Anmelden …
link-online = Online
link-waiting = Offline
link-retry = Es wird von selbst weiter versucht.
link-retry-now = Jetzt versuchen
problem-needs-https = Diese Seite braucht https: Ohne das unterschreibt der Browser nichts.
problem-bad-room = „{ $detail }“ kann kein Raum sein: Erlaubt sind a–z, 0–9, „.“, „_“ und „-“.
problem-bad-name = Ein Name hat 1 bis 64 Zeichen.
problem-bad-address = „{ $detail }“ ist keine Adresse eines Servers.
problem-no-answer = Der Server antwortet nicht.
problem-unreachable = Der Server ist nicht erreichbar.
problem-version = Der Server spricht eine andere Version. Bitte laden Sie diese Seite neu; hilft das nicht, sagen Sie es der Verwaltung.
problem-audience = Der Server nennt sich „{ $detail }“. Für ihn wurde nichts unterschrieben.
problem-replaced = Eine andere Seite hat sich als diese angemeldet und macht dort weiter.
problem-full = Der Server ist voll.
problem-restarting = Der Server startet neu.
problem-refused = Der Server hat die Anmeldung abgelehnt ({ $detail }).
problem-flood = Der Server hat die Verbindung getrennt: Es kam zu viel auf einmal.
problem-too-big = Der Server hat die Verbindung getrennt: Eine Nachricht war zu groß.
problem-busy = Der Server ist gerade überlastet.

## Alerts

alert-sound = Damit Anrufe klingeln: Browser spielen keinen Ton ab, bevor Sie einmal geklickt haben.
alert-sound-allow = Ton einschalten
alert-notifications = Lassen Sie sich Anrufe melden, während Sie in einem anderen Fenster arbeiten.
alert-notifications-allow = Meldungen erlauben
alert-later = Nicht jetzt
calling-title = { $name } ruft an
calling-many = { $count ->
    [one] Ein Anruf wartet
   *[other] { $count } Anrufe warten
  }

## The wall

wall = Kioske
room = Raum „{ $room }“
search = Kiosk suchen
filter = Anzeigen
filter-all = Alle
filter-attention = Braucht jemanden
filter-idle = Frei
filter-busy = Im Gespräch
filter-fault = Gestört
filter-offline = Offline
wall-empty = Noch ist niemand hier. Kioske erscheinen, sobald sie online sind.
wall-waiting = Der Raum wird angezeigt, sobald die Zentrale online ist.
wall-none-fits = Kein Kiosk passt dazu.
wall-show-all = Alle anzeigen
state-calling = Ruft Sie an
state-visitor-waits = Jemand wartet
state-unread = { $count ->
    [one] Eine neue Nachricht
   *[other] { $count } neue Nachrichten
  }
state-fault = Störung
state-with-us = Im Gespräch mit Ihnen
state-connecting = Verbindet
state-idle = Frei
state-in-call = Anderes Gespräch
state-here = Online
state-operator = Zentrale
state-offline = Offline
state-left = Weg seit { $time }
fault-camera = Keine Kamera
fault-sound = Kein Ton
fault-panel = Kein Bildschirm
call-name = { $name } anrufen
call = Anrufen
open-name = { $name } öffnen

## Who is it

verification-pinned = Vertraut
verification-pinned-long = Sie vertrauen diesem Schlüssel. Niemand sonst kann unter ihm anrufen.
verification-member = Mitglied
verification-member-long = Ihre Organisation bürgt für diesen Schlüssel.
verification-unverified = Ungeprüft
verification-unverified-long = Niemand bürgt für diesen Schlüssel. Der Name ist nur das, was die andere Seite sagt.
verification-changed = Anderer Schlüssel
verification-changed-long = Sie vertrauen unter diesem Namen einem anderen Schlüssel. Das kann ein Betrüger sein: Vergleichen Sie den Schlüssel, bevor Sie etwas sagen.
key-of-kiosk = Schlüssel dieses Kiosks
key-of-operator = Schlüssel dieser Zentrale
trust = Vertrauen
distrust = Nicht mehr vertrauen
pair = Koppeln
identity = Identität

## Ringing

ringing-waits = wartet seit { $time }
ringing-title = { $count ->
    [one] Eingehender Anruf
   *[other] { $count } eingehende Anrufe
  }
answer = Annehmen
answer-ends = Annehmen und dieses Gespräch beenden
decline = Ablehnen

## The call

stage = Anruf
phase-idle = Bereit für Anrufe
phase-calling = { $name } wird angerufen …
phase-ringing = Es klingelt bei { $name } …
phase-ringing-in = { $name } ruft an
phase-connecting = Verbinden mit { $name } …
phase-checking = Es wird geprüft, dass niemand dazwischen ist …
phase-in-call = Im Gespräch mit { $name }
phase-ended = Anruf beendet
reconnecting = Verbindung abgerissen. Sie wird neu aufgebaut …
reconnected = Die Verbindung mit { $name } steht wieder.
somebody = Die andere Seite
picture-of = Bild von { $name }
picture-own = Ihr eigenes Bild
own-picture-screen = Sie zeigen Ihren Bildschirm
swap = Bilder tauschen
no-picture = { $name } sendet kein Bild.
is-muted = { $name } ist stumm.
remote-screen = { $name } zeigt einen Bildschirm oder ein Schriftstück.
on-hold-here = Das Gespräch wird gehalten. Man sieht und hört Sie nicht.
on-hold-there = { $name } hält das Gespräch.
resume = Fortsetzen
sound-on = Ton einschalten
call-again = Noch einmal anrufen
controls = Steuerung des Anrufs
mute = Stumm
unmute = Ton an
camera-off = Kamera aus
camera-on = Kamera an
camera = Kamera
share-screen = Bildschirm teilen
share-screen-stop = Bildschirm nicht mehr teilen
share = Teilen
hold = Halten
hold-long = Gespräch halten
more = Mehr
devices = Geräte und Qualität
hang-up = Auflegen

## How it ended

ending-hung-up = Sie haben aufgelegt.
ending-declined = Sie haben den Anruf von { $name } abgelehnt.
ending-no-answer = Keine Antwort: Der Anruf mit { $name } hat zu lange geklingelt.
ending-no-connection = Es kam keine Verbindung mit { $name } zustande. Vielleicht ist eine Firewall im Weg.
ending-peer-hung-up = { $name } hat aufgelegt.
ending-peer-offline = { $name } hat den Raum verlassen.
ending-peer-lost = Die Verbindung mit { $name } ist abgerissen und war nicht wiederherzustellen.
ending-rejected = { $name } hat abgelehnt.
ending-busy = { $name } ist in einem anderen Gespräch.
ending-untrusted = { $name } nimmt von dieser Zentrale keine Anrufe an: Ihrem Schlüssel wird dort nicht vertraut.
ending-link-lost = Der Anruf endete, weil der Server nicht erreichbar war.
ending-not-secure = Der Anruf wurde abgebrochen: Die Verbindung bestand nicht mit { $name }. Vielleicht hört jemand mit.
ending-protocol = Der Anruf wurde abgebrochen: Nachrichten fehlten oder ergaben keinen Sinn.
ending-media-failed = Der Anruf wurde abgebrochen: Ton oder Bild ließ sich nicht einrichten.
ending-shutdown = { $name } wird ausgeschaltet.
failed-busy = Es gibt schon einen Anruf; bitte legen Sie zuerst auf.
failed-not-in-room = Dieser Kiosk ist nicht mehr im Raum.
failed-nobody = Sonst ist niemand im Raum.
failed-no-offer = Es gibt noch nichts zu senden.
failed-no-answer = Es gibt noch nichts zu senden.
failed-nobody-calls = Es ruft niemand mehr an.
failed-other-offer = Inzwischen ruft jemand anderes an.
failed-no-call = Das geht nur in einem Gespräch.
failed-not-confirmed = Der Anruf ist noch nicht bestätigt.
failed-ended = Der Anruf ist beendet.
failed-set-up = Der Browser konnte den Anruf nicht einrichten.
failed-empty-file = Diese Datei ist leer.

## The kiosk, from afar

kiosk-controls = Kiosk
remote-hearing = Sein Mikrofon
remote-mute = Stummschalten
remote-unmute = Um Ton bitten
remote-seeing = Seine Kamera
remote-camera-off = Ausschalten
remote-camera-on = Um Bild bitten
remote-volume = Lautstärke dort
remote-pictures = Bilder und Papiere
remote-snapshot-camera = Foto der Kamera
remote-snapshot-panel = Bild seines Bildschirms
remote-share-panel = Seinen Bildschirm zeigen
remote-share-document = Dokumentenkamera zeigen
remote-share-stop = Nicht mehr zeigen
remote-consent = Die Person dort wird jedes Mal gefragt und antwortet mit einer Taste.
remote-restart = Kiosk neu starten
remote-restart-question = { $name } neu starten?
remote-restart-long = Ein laufendes Gespräch endet. Der Kiosk ist nach etwa einer Minute wieder da.
remote-restart-do = Neu starten
wish-mute = Stummschalten
wish-unmute = Ton an
wish-camera-off = Kamera aus
wish-camera-on = Kamera an
wish-volume = Lautstärke
wish-snapshot-camera = Foto der Kamera
wish-snapshot-panel = Bild des Bildschirms
wish-share-panel = Bildschirm zeigen
wish-share-document = Dokumentenkamera zeigen
wish-share-stop = Nicht mehr zeigen
wish-restart = Neustart
wish-waits = Warten auf die Person dort: { $wish }
wish-pending = Gefragt: { $wish }
wish-granted = Erledigt: { $wish }
wish-refused = Abgelehnt: { $wish }
wish-no-answer = Keine Antwort: { $wish }

## Statistics

statistics = Verbindung
quality-good = Gut
quality-fair = Mittel
quality-poor = Schlecht
quality-good-long = Die Verbindung ist gut.
quality-fair-long = Kurze Störungen sind möglich.
quality-poor-long = Bild und Ton können stocken.
round-trip-time = Umlaufzeit
milliseconds = { $value } ms
bitrate-in = Empfangen
bitrate-out = Gesendet
loss = Verlorene Pakete
jitter = Jitter
picture-size = Bild
picture-size-value = { $width } × { $height }, { $fps } Bilder/s
chart = { $name }: jetzt { $value }, in der letzten Minute höchstens { $most }
unknown = –

## Chat and files

chat = Chat
chat-with = Chat mit { $name }
chat-log = Nachrichten
chat-empty-kiosk = Was Sie schreiben, erscheint auf dem Bildschirm des Kiosks.
chat-empty = Noch wurde nichts geschrieben.
chat-offline = { $name } ist offline. Was Sie schreiben, wird zugestellt, sobald er wieder da ist.
message = Nachricht
message-placeholder = Nachricht schreiben
send = Senden
you = Sie
delivered = zugestellt
sent = gesendet
waits = wartet
unread = { $count ->
    [one] Eine ungelesene Nachricht
   *[other] { $count } ungelesene Nachrichten
  }
new-message = Neue Nachricht von { $name }
retention = Verlauf aufbewahren
retention-call = bis das Gespräch endet
retention-page = bis diese Seite geschlossen wird
retention-days = { $days ->
    [one] einen Tag
   *[other] { $days } Tage
  }
retention-forget = Ganzen Verlauf löschen
retention-forget-question = Den Verlauf mit allen löschen?
retention-forget-do = Löschen
quick-texts = Kurztexte
quick-texts-edit = Kurztexte bearbeiten
quick-texts-long = Je Zeile einer. Ein Klick sagt ihn.
quick-texts-reset = Die üblichen nehmen
quick-text-1 = Guten Tag, wie kann ich helfen?
quick-text-2 = Einen Moment, bitte.
quick-text-3 = Es kommt gleich jemand zu Ihnen.
quick-text-4 = Bitte sprechen Sie etwas lauter.
quick-text-5 = Vielen Dank. Auf Wiedersehen!
attach = Datei senden
attach-needs-call = Dateien lassen sich während eines Gesprächs senden.
drop-here = Loslassen, um an { $name } zu senden
file-preparing = Wird vorbereitet
file-queued = Wartet auf eine andere Datei
file-offered = Wartet auf den Kiosk
file-moving-time = { $moved } von { $size }
file-paused = Angehalten; geht im nächsten Gespräch weiter
file-sending = Wird gesendet
file-receiving = Wird empfangen
file-sent = Gesendet
file-received = Empfangen
file-failed-declined = Abgelehnt
file-failed-size = Zu groß
file-failed-type = Diese Art von Datei wird nicht angenommen
file-failed-quota = Dort ist kein Platz mehr
file-failed-hash = Unterwegs beschädigt
file-failed-storage = Konnte nicht gespeichert werden
file-failed-stopped = Abgebrochen
file-stop = { $name } abbrechen
file-progress = { $name }: { $percent }
file-save = { $name } speichern
file-open = { $name } öffnen
file-show = Auf dem Kiosk zeigen
file-hide = Auf dem Kiosk ausblenden
file-shown = Wird auf dem Kiosk gezeigt
file-offered-here = { $name } möchte diese Datei senden
file-accept = Annehmen
file-decline = Ablehnen
file-remove = { $name } aus der Liste nehmen

## Pairing

pairing = Mit einem Kiosk koppeln
pairing-intro = Nach dem Koppeln vertrauen dieser Browser und der Kiosk einander, ohne Server dazwischen. Es braucht jemanden am Kiosk.
pairing-step = Am Kiosk die Koppeltaste drei Sekunden lang halten. Dann zeigen beide Bildschirme sechs Ziffern.
pairing-begin = Beginnen
pairing-waiting = Warten auf den Kiosk …
seconds-left = { $seconds ->
    [one] noch eine Sekunde
   *[other] noch { $seconds } Sekunden
  }
pairing-compare = Zeigt der Bildschirm von { $name } dieselben Ziffern?
pairing-digits = Ziffern: { $digits }
pairing-name = Merken als
pairing-same = Sie sind gleich
pairing-differ = Sie sind verschieden
pairing-confirmed = Hier bestätigt. Jetzt muss jemand am Kiosk „Ja“ drücken.
pairing-done = { $name } ist ab jetzt vertraut.
pairing-failed-timed-out = Es hat niemand rechtzeitig geantwortet.
pairing-failed-cancelled = Die andere Seite hat das Koppeln abgebrochen.
pairing-failed-mismatch = Die Ziffern passen nicht: Vielleicht ist jemand dazwischen. Es wurde niemandem vertraut.
pairing-failed-too-many-tries = Drei Versuche in zehn Minuten sind verbraucht. Bitte warten Sie etwas.
pairing-failed-no-link = Zum Koppeln braucht es die Verbindung zum Server.
pairing-again = Noch einmal versuchen

## Trust

trust-list = Vertraute Schlüssel
trust-list-empty = Noch wird niemandem vertraut. Koppeln Sie einen Kiosk, oder vertrauen Sie einem Schlüssel im Raum.
trust-since = Vertraut seit { $date }
trust-remove-name = { $name } entfernen
trust-remove-question = { $name } nicht mehr vertrauen?
trust-remove-long = Dann ist die Gegenstelle ungeprüft, bis jemand sie wieder koppelt.
own-key = Der Schlüssel dieses Browsers, für alle, die ihm vertrauen wollen

## Settings

settings = Einstellungen
settings-you = Sie
settings-name = Ihr Name
settings-room = Raum
settings-room-hint = Kleine Buchstaben, Ziffern, Punkt, Unterstrich und Bindestrich
settings-look = Aussehen und Sprache
settings-language = Sprache
settings-language-browser = Wie der Browser ({ $language })
settings-theme = Farben
theme-system = Wie das System
theme-light = Hell
theme-dark = Dunkel
settings-alerts = Hinweise
settings-ring = Lautstärke des Klingelns
settings-ring-test = Einmal klingeln
settings-notifications = Meldungen auf dem Schreibtisch
settings-notifications-granted = Erlaubt
settings-notifications-denied = In den Einstellungen des Browsers gesperrt
settings-devices = Kamera und Ton
device-videoinput = Kamera
device-audioinput = Mikrofon
device-audiooutput = Lautsprecher
device-default = Wahl des Browsers
quality = Gesendetes Bild
quality-auto = Von selbst
quality-data-saver = Spart Daten
quality-sharp = Scharf, für Papiere
quality-smooth = Flüssig, für Bewegung und Gebärden
media-audio-denied = Der Browser durfte das Mikrofon nicht benutzen. Man hört Sie nicht; erlauben Sie es neben der Adresse, und versuchen Sie es noch einmal.
media-audio-missing = Es wurde kein Mikrofon gefunden. Man hört Sie nicht.
media-audio-in-use = Ein anderes Programm benutzt das Mikrofon. Man hört Sie nicht.
media-audio-unusable = Das Mikrofon lässt sich hier nicht benutzen. Man hört Sie nicht.
media-audio-gone = Das Mikrofon ist weg. Das Gespräch geht ohne weiter.
media-video-denied = Der Browser durfte die Kamera nicht benutzen. Man sieht Sie nicht; erlauben Sie es neben der Adresse, und versuchen Sie es noch einmal.
media-video-missing = Es wurde keine Kamera gefunden. Man sieht Sie nicht.
media-video-in-use = Ein anderes Programm benutzt die Kamera. Man sieht Sie nicht.
media-video-unusable = Die Kamera lässt sich hier nicht benutzen. Man sieht Sie nicht.
media-video-gone = Die Kamera ist weg. Das Gespräch geht ohne weiter.
media-screen-unusable = Der Bildschirm lässt sich hier nicht teilen.

## Keys

help = Tastatur
help-off = Einzelne Tasten sind in den Einstellungen ausgeschaltet.
help-allow = Einzelne Tasten sind Kurzbefehle
key-answer = Annehmen
key-end = Ablehnen, oder nicht mehr klingeln
key-hang-up = Auflegen
key-mute = Stumm oder Ton an
key-camera = Kamera aus oder an
key-share = Bildschirm teilen
key-hold = Halten oder fortsetzen
key-swap = Bilder tauschen
key-chat = Zum Chat
key-search = Kiosk suchen
key-help = Diese Liste
