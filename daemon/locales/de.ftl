# Deutsch. Schlüssel und Argumente wie in en.ftl.

## Starting and waiting
booting = Gerät startet
booting-more = Einen Moment, bitte.
idle = Sprechen Sie mit uns
idle-more = Sie sehen und hören einander.
idle-press = Ruftaste drücken
idle-touch = Zum Anrufen hier tippen
somebody = Wir sind für Sie da
nobody = Gerade ist niemand da
nobody-more = Sobald jemand antworten kann, steht es hier.
signing-in = Verbindung wird aufgebaut
signing-in-more = Gleich können Sie anrufen.
no-network = Kein Netz
no-network-more = Dieses Gerät ist vom Netz getrennt und kann gerade nicht anrufen. Das Personal hilft Ihnen.
no-server = Keine Verbindung
no-server-more = Der Anrufdienst antwortet nicht. Das Personal hilft Ihnen.
replaced = Anderswo in Gebrauch
replaced-more = Ein anderes Gerät hat sich als dieses angemeldet. Bitte sagen Sie dem Personal Bescheid.
retrying = Neuer Versuch
retry-in =
    { $seconds ->
        [one] Neuer Versuch in { $seconds } Sekunde
       *[other] Neuer Versuch in { $seconds } Sekunden
    }
updating = Aktualisierung läuft
updating-more = Das dauert einige Minuten. Bitte nicht ausschalten.
out-of-order = Außer Betrieb
out-of-order-more = Dieses Gerät kann nicht anrufen. Bitte sagen Sie dem Personal Bescheid.
old-settings = Alte Einstellungen
old-settings-more = In den neuen ist ein Fehler. Bitte sagen Sie dem Personal Bescheid.
support-code = Servicecode
support-scan = Für Hilfe scannen

## Beginning and ending calls
calling = Anruf bei
reaching = Einen Moment, bitte.
ringing-there = Dort klingelt es.
incoming = Eingehender Anruf
announced =
    { $seconds ->
        [one] Wird in { $seconds } Sekunde angenommen
       *[other] Wird in { $seconds } Sekunden angenommen
    }
announced-more = Man wird Sie sehen und hören.
connecting = Verbindung mit
connecting-more = Eine geschützte Verbindung wird aufgebaut.
press-to-cancel = Ruftaste: abbrechen
press-to-answer = Zum Annehmen Ruftaste drücken
press-to-hang-up = Ruftaste: auflegen
verified = Bestätigt
unverified = Nicht bestätigt
unverified-more = Für diesen Namen bürgt niemand. Sagen Sie nichts Vertrauliches.

## In a call
muted = Sie sind stumm
camera-off = Ihre Kamera ist aus
no-camera = Keine Kamera
no-camera-more = Die andere Seite kann Sie nicht sehen.
no-sound = Kein Ton
no-sound-more = Sie können einander nicht hören, aber schreiben.
peer-muted = Mikrofon dort ist aus
peer-camera-off = Die Kamera dort ist aus
no-picture-yet = Warten auf das Bild
server-lost = Dienst getrennt, der Anruf geht weiter
reconnecting =
    { $seconds ->
        [one] Verbindung verloren. Neuer Versuch, noch { $seconds } Sekunde
       *[other] Verbindung verloren. Neuer Versuch, noch { $seconds } Sekunden
    }
held = Gehalten
held-more = Niemand sieht oder hört Sie.
held-press = Haltetaste: fortsetzen
peer-hold = Sie werden gehalten
peer-hold-more = Bitte warten. Niemand sieht oder hört Sie.
quality-data-saver = Daten sparen
quality-sharp = Scharfes Bild
quality-smooth = Flüssiges Bild
sharing-panel = Sie teilen diesen Bildschirm
sharing-document = Sie zeigen die Dokumentenkamera
peer-screen = Geteilter Bildschirm
shown-whole = Ganze Seite
shown-quarter = Teil { $quarter } von 4
shown-loading = Datei wird geöffnet
shown-failed = Diese Datei lässt sich nicht zeigen
shown-press = Zoomtaste: näher   ·   Nein-Taste: schließen

## Writing
chat-new =
    { $count ->
        [one] { $count } neue Nachricht
       *[other] { $count } neue Nachrichten
    }
chat-page = Seite { $page } von { $pages }
chat-press = Weiter-Taste: wählen   ·   Ja-Taste: senden
reply-1 = Ja
reply-2 = Nein
reply-3 = Einen Moment, bitte
reply-4 = Bitte noch einmal

## What only the room may grant
ask-unmute = { $name } möchte Sie hören
ask-unmute-more = Ihr Mikrofon wird eingeschaltet.
ask-camera-on = { $name } möchte Sie sehen
ask-camera-on-more = Ihre Kamera wird eingeschaltet.
ask-snapshot-camera = { $name } bittet um ein Foto
ask-snapshot-camera-more = Ein Standbild Ihrer Kamera wird gesendet.
ask-snapshot-panel = { $name } bittet um ein Bild dieses Bildschirms
ask-snapshot-panel-more = Was Sie hier sehen, wird als Bild gesendet.
ask-share-panel = { $name } möchte diesen Bildschirm sehen
ask-share-panel-more = Man sieht dort, was Sie sehen, bis Sie es beenden.
ask-share-document = { $name } möchte Ihre Unterlagen sehen
ask-share-document-more = Die Dokumentenkamera ist an, bis Sie es beenden.
ask-other = { $name } bittet um Ihr Einverständnis
ask-other-more = Ohne Ihr Einverständnis geschieht nichts.
ask-press = „Ja“ erlaubt es, „Nein“ lehnt ab
ask-left =
    { $seconds ->
        [one] In { $seconds } Sekunde von selbst abgelehnt
       *[other] In { $seconds } Sekunden von selbst abgelehnt
    }

## Files
receiving = { $name } kommt an
sending = { $name } wird gesendet

## Pairing
pairing = Koppeln
pairing-waiting = Jetzt auch auf der anderen Seite koppeln
pairing-waiting-more = Dort die Koppeltaste halten oder auf der Seite „Koppeln“ wählen.
pairing-left =
    { $seconds ->
        [one] Noch { $seconds } Sekunde
       *[other] Noch { $seconds } Sekunden
    }
pairing-compare = Stehen auf beiden Seiten dieselben Ziffern?
pairing-name = Die andere Seite nennt sich { $name }
pairing-press = „Ja“, wenn alle sechs gleich sind, sonst „Nein“
pairing-confirmed = Hier bestätigt
pairing-confirmed-more = Nun muss die andere Seite bestätigen.
pairing-done = Gekoppelt
pairing-done-more = { $name } wird von nun an vertraut.
pairing-failed = Nicht gekoppelt
pairing-timed-out = Niemand hat rechtzeitig bestätigt. Bitte noch einmal versuchen.
pairing-cancelled = Eine Seite hat abgelehnt oder ist gegangen.
pairing-mismatch = Die andere Seite blieb nicht bei ihren Ziffern. Vertrauen Sie ihr nicht.
pairing-too-many = Drei Versuche sind verbraucht. Bitte zehn Minuten warten.
pairing-no-link = Dieses Gerät hat gerade keine Verbindung.

## What was done from afar
remark-muted = { $name } hat Sie stummgeschaltet
remark-camera-off = { $name } hat Ihre Kamera ausgeschaltet
remark-volume = { $name } hat die Lautstärke geändert
remark-share-stopped = { $name } hat das Teilen beendet
remark-granted-unmute = Man hört Sie
remark-granted-camera = Man sieht Sie
remark-granted-snapshot = Das Bild wird gesendet
remark-granted-share = Sie teilen jetzt
remark-granted = Erledigt
remark-file-received = Eine Datei ist angekommen
remark-file-sent = Die Datei ist dort angekommen
remark-file-declined = Die Datei wurde abgelehnt
remark-file-size = Die Datei ist zu groß
remark-file-type = Diese Art von Datei wird nicht angenommen
remark-file-quota = Für die Datei ist kein Platz
remark-file-damaged = Die Datei kam beschädigt an
remark-file-storage = Die Datei ließ sich nicht speichern
remark-file-stopped = Die Datei wurde abgebrochen
somebody-there = Die andere Seite

## How calls end
ended = Anruf beendet
ended-hung-up = Auf Wiedersehen.
ended-peer-hung-up = Die andere Seite hat aufgelegt.
ended-rejected = Anruf abgelehnt
ended-rejected-more = Gerade kann niemand Ihren Anruf annehmen. Bitte versuchen Sie es später.
ended-declined-more = Sie haben diesen Anruf nicht angenommen.
ended-busy = Besetzt
ended-busy-more = Dort wird gerade gesprochen. Bitte versuchen Sie es in einigen Minuten.
ended-no-answer = Keine Antwort
ended-no-answer-more = Niemand hat geantwortet. Bitte versuchen Sie es später.
ended-no-connection = Nicht verbunden
ended-no-connection-more = Die Verbindung kam nicht zustande. Bitte versuchen Sie es noch einmal.
ended-lost = Verbindung verloren
ended-peer-lost-more = Die andere Seite ist nicht mehr erreichbar. Bitte rufen Sie noch einmal an.
ended-link-lost-more = Dieses Gerät hat die Verbindung verloren. Bitte rufen Sie gleich noch einmal an.
ended-offline = Nicht erreichbar
ended-offline-more = Dort ist niemand angemeldet. Bitte versuchen Sie es später.
ended-untrusted = Nicht angenommen
ended-untrusted-more = Die andere Seite kennt dieses Gerät nicht. Bitte sagen Sie dem Personal Bescheid.
ended-not-secure = Nicht sicher
ended-not-secure-more = Vielleicht hört jemand mit, deshalb wurde der Anruf beendet. Bitte sagen Sie dem Personal Bescheid.
ended-protocol-more = Zwischen beiden Seiten ging etwas schief. Bitte rufen Sie noch einmal an.
ended-media-more = Bild oder Ton sind ausgefallen. Bitte rufen Sie noch einmal an.
ended-shutdown-more = Eine Seite wurde ausgeschaltet.

## On the buttons of a touch screen: one or two short words each
do-answer = Annehmen
do-decline = Ablehnen
do-hang-up = Auflegen
do-cancel = Abbrechen
do-mute = Stumm
do-unmute = Ton an
do-camera-off = Kamera aus
do-camera-on = Kamera an
do-hold = Halten
do-resume = Weiter
do-stop-sharing = Teilen beenden
do-yes = Ja
do-no = Nein
do-same = Gleich
do-not-same = Nicht gleich
do-page = Früher
do-zoom = Zoom
do-close = Schließen
