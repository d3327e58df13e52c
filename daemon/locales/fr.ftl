# Français. Mêmes clés et arguments que dans en.ftl.

## Starting and waiting
booting = Démarrage
booting-more = Un instant, s’il vous plaît.
idle = Parlez à quelqu’un
idle-more = Vous pourrez vous voir et vous entendre.
idle-press = Appuyez sur la touche d’appel
idle-touch = Touchez ici pour appeler
somebody = Quelqu’un est là pour vous
nobody = Il n’y a personne pour l’instant
nobody-more = Dès que quelqu’un pourra répondre, cet écran le dira.
signing-in = Connexion
signing-in-more = Dans un instant, vous pourrez appeler.
no-network = Pas de réseau
no-network-more = Cette borne est coupée du réseau et ne peut pas appeler. Le personnel peut vous aider.
no-server = Pas de connexion
no-server-more = Le service d’appel ne répond pas. Le personnel peut vous aider.
replaced = Utilisée ailleurs
replaced-more = Un autre appareil s’est connecté à la place de cette borne. Veuillez prévenir le personnel.
retrying = Nouvel essai
retry-in =
    { $seconds ->
        [one] Nouvel essai dans { $seconds } seconde
       *[other] Nouvel essai dans { $seconds } secondes
    }
updating = Mise à jour en cours
updating-more = Cela prend quelques minutes. Veuillez ne pas éteindre.
out-of-order = Hors service
out-of-order-more = Cette borne ne peut pas appeler. Veuillez prévenir le personnel.
old-settings = Anciens réglages
old-settings-more = Les nouveaux contiennent une erreur. Veuillez prévenir le personnel.
support-code = Code d’assistance
support-scan = Scannez pour de l’aide

## Beginning and ending calls
calling = Appel en cours
reaching = Un instant, s’il vous plaît.
ringing-there = Ça sonne là-bas.
incoming = Appel entrant
announced =
    { $seconds ->
        [one] Réponse dans { $seconds } seconde
       *[other] Réponse dans { $seconds } secondes
    }
announced-more = On vous verra et on vous entendra.
connecting = Connexion
connecting-more = Une liaison protégée est en cours.
press-to-cancel = Touche d’appel : annuler
press-to-answer = Appuyez sur la touche d’appel pour répondre
press-to-hang-up = Touche d’appel : raccrocher
verified = Vérifié
unverified = Non vérifié
unverified-more = Personne ne garantit ce nom. Ne dites rien de confidentiel.

## In a call
muted = Votre micro est coupé
camera-off = Votre caméra est coupée
no-camera = Pas de caméra
no-camera-more = On ne peut pas vous voir.
no-sound = Pas de son
no-sound-more = Vous ne pouvez pas vous entendre, mais vous pouvez écrire.
peer-muted = Leur micro est coupé
peer-camera-off = Leur caméra est coupée
no-picture-yet = En attente de l’image
server-lost = Service perdu, l’appel continue
reconnecting =
    { $seconds ->
        [one] Connexion perdue. Nouvel essai, encore { $seconds } seconde
       *[other] Connexion perdue. Nouvel essai, encore { $seconds } secondes
    }
held = En attente
held-more = Personne ne vous voit ni ne vous entend.
held-press = Touche attente : reprendre
peer-hold = On vous a mis en attente
peer-hold-more = Veuillez patienter. Personne ne vous voit ni ne vous entend.
quality-data-saver = Données réduites
quality-sharp = Image nette
quality-smooth = Image fluide
sharing-panel = Vous partagez cet écran
sharing-document = Vous montrez des documents
peer-screen = Écran partagé
shown-whole = Page entière
shown-quarter = Partie { $quarter } sur 4
shown-loading = Ouverture du fichier
shown-failed = Ce fichier ne peut pas être affiché
shown-press = Touche zoom : agrandir   ·   Touche non : fermer

## Writing
chat-new =
    { $count ->
        [one] { $count } nouveau message
       *[other] { $count } nouveaux messages
    }
chat-page = Page { $page } sur { $pages }
chat-press = Touche suivant : choisir   ·   Touche oui : envoyer
reply-1 = Oui
reply-2 = Non
reply-3 = Un instant, s’il vous plaît
reply-4 = Répétez, s’il vous plaît

## What only the room may grant
ask-unmute = { $name } demande à vous entendre
ask-unmute-more = Votre micro sera activé.
ask-camera-on = { $name } demande à vous voir
ask-camera-on-more = Votre caméra sera activée.
ask-snapshot-camera = { $name } demande une photo
ask-snapshot-camera-more = Une image de votre caméra sera envoyée.
ask-snapshot-panel = { $name } demande une image de cet écran
ask-snapshot-panel-more = Ce que vous voyez ici sera envoyé en image.
ask-share-panel = { $name } demande à voir cet écran
ask-share-panel-more = On verra ce que vous voyez, jusqu’à ce que vous arrêtiez.
ask-share-document = { $name } demande à voir vos documents
ask-share-document-more = La caméra à documents restera active jusqu’à ce que vous arrêtiez.
ask-other = { $name } demande votre accord
ask-other-more = Sans votre accord, rien ne se passe.
ask-press = « Oui » pour accepter, « Non » pour refuser
ask-left =
    { $seconds ->
        [one] Refus automatique dans { $seconds } seconde
       *[other] Refus automatique dans { $seconds } secondes
    }

## Files
receiving = Réception de { $name }
sending = Envoi de { $name }

## Pairing
pairing = Association
pairing-waiting = Lancez aussi l’association de l’autre côté
pairing-waiting-more = Maintenez-y la touche d’association, ou choisissez « Associer » sur la page.
pairing-left =
    { $seconds ->
        [one] Encore { $seconds } seconde
       *[other] Encore { $seconds } secondes
    }
pairing-compare = Ces chiffres sont-ils les mêmes des deux côtés ?
pairing-name = L’autre côté se nomme { $name }
pairing-press = « Oui » si les six sont identiques, sinon « Non »
pairing-confirmed = Confirmé ici
pairing-confirmed-more = L’autre côté doit maintenant confirmer.
pairing-done = Association réussie
pairing-done-more = { $name } est désormais de confiance.
pairing-failed = Pas d’association
pairing-timed-out = Personne n’a confirmé à temps. Veuillez réessayer.
pairing-cancelled = Un côté a refusé ou est parti.
pairing-mismatch = L’autre côté a changé ses chiffres. Ne lui faites pas confiance.
pairing-too-many = Trois essais sont épuisés. Attendez dix minutes.
pairing-no-link = Cette borne n’a pas de connexion pour l’instant.

## What was done from afar
remark-muted = { $name } a coupé votre micro
remark-camera-off = { $name } a coupé votre caméra
remark-volume = { $name } a changé le volume
remark-share-stopped = { $name } a arrêté le partage
remark-granted-unmute = On vous entend
remark-granted-camera = On vous voit
remark-granted-snapshot = L’image est envoyée
remark-granted-share = Vous partagez maintenant
remark-granted = C’est fait
remark-file-received = Un fichier est arrivé
remark-file-sent = Le fichier est bien arrivé
remark-file-declined = Le fichier a été refusé
remark-file-size = Le fichier est trop grand
remark-file-type = Ce type de fichier n’est pas accepté
remark-file-quota = Il n’y a pas de place pour le fichier
remark-file-damaged = Le fichier est arrivé endommagé
remark-file-storage = Le fichier n’a pas pu être enregistré
remark-file-stopped = Le fichier a été arrêté
somebody-there = L’autre côté

## How calls end
ended = Appel terminé
ended-hung-up = Au revoir.
ended-peer-hung-up = L’autre côté a raccroché.
ended-rejected = Appel refusé
ended-rejected-more = Personne ne peut prendre votre appel. Veuillez réessayer plus tard.
ended-declined-more = Vous n’avez pas pris cet appel.
ended-busy = Occupé
ended-busy-more = Un autre appel est en cours. Veuillez réessayer dans quelques minutes.
ended-no-answer = Pas de réponse
ended-no-answer-more = Personne n’a répondu. Veuillez réessayer plus tard.
ended-no-connection = Connexion impossible
ended-no-connection-more = La connexion n’a pas abouti. Veuillez réessayer.
ended-lost = Connexion perdue
ended-peer-lost-more = L’autre côté n’est plus joignable. Veuillez rappeler.
ended-link-lost-more = Cette borne a perdu sa connexion. Veuillez rappeler dans un instant.
ended-offline = Indisponible
ended-offline-more = Il n’y a personne en ligne. Veuillez réessayer plus tard.
ended-untrusted = Non accepté
ended-untrusted-more = L’autre côté ne connaît pas cette borne. Veuillez prévenir le personnel.
ended-not-secure = Non sécurisé
ended-not-secure-more = Quelqu’un écoute peut-être, l’appel a donc été coupé. Veuillez prévenir le personnel.
ended-protocol-more = Un problème est survenu entre les deux côtés. Veuillez rappeler.
ended-media-more = L’image ou le son a échoué. Veuillez rappeler.
ended-shutdown-more = Un côté a été éteint.

## On the buttons of a touch screen: one or two short words each
do-answer = Répondre
do-decline = Refuser
do-hang-up = Raccrocher
do-cancel = Annuler
do-mute = Muet
do-unmute = Micro
do-camera-off = Caméra off
do-camera-on = Caméra on
do-hold = Attente
do-resume = Reprendre
do-stop-sharing = Fin du partage
do-yes = Oui
do-no = Non
do-same = Identiques
do-not-same = Différents
do-page = Avant
do-zoom = Zoom
do-close = Fermer
