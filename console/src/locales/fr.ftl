# The operator's page. All catalogues have the same messages with the same variables.

title = Console des bornes
close = Fermer
cancel = Annuler
save = Enregistrer
remove = Retirer

## The link to the server

link-offline = Déconnecté
link-connecting = Connexion…
link-signing-in = Identification…
link-online = En ligne
link-waiting = Hors ligne
link-retry = Nouvel essai automatique.
link-retry-now = Essayer maintenant
problem-needs-https = Cette page exige https : sans cela, le navigateur ne signe rien.
problem-bad-room = « { $detail } » ne peut pas être une salle : utilisez a–z, 0–9, « . », « _ » et « - ».
problem-bad-name = Un nom compte de 1 à 64 caractères.
problem-bad-address = « { $detail } » n’est pas l’adresse d’un serveur.
problem-no-answer = Le serveur ne répond pas.
problem-unreachable = Le serveur est injoignable.
problem-version = Le serveur parle une autre version. Rechargez cette page ; si cela ne suffit pas, prévenez l’administration.
problem-audience = Le serveur se nomme « { $detail } ». Rien n’a été signé pour lui.
problem-replaced = Une autre page s’est identifiée à la place de celle-ci et continue là-bas.
problem-full = Le serveur est plein.
problem-restarting = Le serveur redémarre.
problem-refused = Le serveur a refusé l’identification ({ $detail }).
problem-flood = Le serveur a coupé la liaison : trop de messages à la fois.
problem-too-big = Le serveur a coupé la liaison : un message était trop grand.
problem-busy = Le serveur est surchargé pour l’instant.

## Alerts

alert-sound = Pour que les appels sonnent : le navigateur ne joue aucun son avant votre premier clic.
alert-sound-allow = Activer le son
alert-notifications = Soyez averti des appels pendant que vous travaillez dans une autre fenêtre.
alert-notifications-allow = Autoriser les notifications
alert-later = Plus tard
calling-title = { $name } appelle
calling-many = { $count ->
    [one] Un appel attend
   *[other] { $count } appels attendent
  }

## The wall

wall = Bornes
room = Salle « { $room } »
search = Chercher une borne
filter = Afficher
filter-all = Toutes
filter-attention = À prendre en charge
filter-idle = Libres
filter-busy = En appel
filter-fault = En panne
filter-offline = Hors ligne
wall-empty = Personne d’autre ici pour l’instant. Les bornes apparaissent dès qu’elles sont en ligne.
wall-waiting = La salle s’affiche dès que la console est en ligne.
wall-none-fits = Aucune borne ne correspond.
wall-show-all = Tout afficher
state-calling = Vous appelle
state-visitor-waits = Un visiteur attend
state-unread = { $count ->
    [one] Un nouveau message
   *[other] { $count } nouveaux messages
  }
state-fault = Panne
state-with-us = En appel avec vous
state-connecting = Connexion
state-idle = Libre
state-in-call = Dans un autre appel
state-here = En ligne
state-operator = Opérateur
state-offline = Hors ligne
state-left = Absente depuis { $time }
fault-camera = Pas de caméra
fault-sound = Pas de son
fault-panel = Pas d’écran
call-name = Appeler { $name }
call = Appeler
open-name = Ouvrir { $name }

## Who is it

verification-pinned = De confiance
verification-pinned-long = Vous faites confiance à cette clé. Personne d’autre ne peut appeler avec elle.
verification-member = Membre
verification-member-long = Votre organisation se porte garante de cette clé.
verification-unverified = Non vérifié
verification-unverified-long = Personne ne se porte garant de cette clé. Le nom n’est que ce que dit l’appelant.
verification-changed = Clé changée
verification-changed-long = Vous faites confiance à une autre clé sous ce nom. C’est peut-être un imposteur : comparez la clé avant de dire quoi que ce soit.
key-of-kiosk = Clé de cette borne
key-of-operator = Clé de cet opérateur
trust = Faire confiance
distrust = Ne plus faire confiance
pair = Associer
identity = Identité

## Ringing

ringing-waits = attend depuis { $time }
ringing-title = { $count ->
    [one] Appel entrant
   *[other] { $count } appels entrants
  }
answer = Répondre
answer-ends = Répondre et terminer cet appel
decline = Refuser

## The call

stage = Appel
phase-idle = Prêt pour les appels
phase-calling = Appel de { $name }…
phase-ringing = Ça sonne chez { $name }…
phase-ringing-in = { $name } appelle
phase-connecting = Connexion avec { $name }…
phase-checking = Vérification que personne ne s’interpose…
phase-in-call = En appel avec { $name }
phase-ended = Appel terminé
reconnecting = Connexion perdue. Nouvelle tentative…
reconnected = La connexion avec { $name } est rétablie.
somebody = L’autre côté
picture-of = Image de { $name }
picture-own = Votre propre image
own-picture-screen = Vous montrez votre écran
swap = Échanger les images
no-picture = { $name } n’envoie pas d’image.
is-muted = Le micro de { $name } est coupé.
remote-screen = { $name } montre un écran ou un document.
on-hold-here = L’appel est en attente. On ne vous voit ni ne vous entend.
on-hold-there = { $name } a mis l’appel en attente.
resume = Reprendre
sound-on = Activer le son
call-again = Rappeler
controls = Commandes de l’appel
mute = Couper
unmute = Rétablir le micro
camera-off = Caméra coupée
camera-on = Caméra en marche
camera = Caméra
share-screen = Partager l’écran
share-screen-stop = Ne plus partager l’écran
share = Partager
hold = Attente
hold-long = Mettre l’appel en attente
more = Plus
devices = Appareils et qualité
hang-up = Raccrocher

## How it ended

ending-hung-up = Vous avez raccroché.
ending-declined = Vous avez refusé l’appel de { $name }.
ending-no-answer = Pas de réponse : l’appel avec { $name } a sonné trop longtemps.
ending-no-connection = La connexion avec { $name } n’a pas pu se faire. Un pare-feu bloque peut-être.
ending-peer-hung-up = { $name } a raccroché.
ending-peer-offline = { $name } a quitté la salle.
ending-peer-lost = La connexion avec { $name } est perdue et n’a pas pu être rétablie.
ending-rejected = { $name } a refusé.
ending-busy = { $name } est dans un autre appel.
ending-untrusted = { $name } n’accepte pas les appels de cette console : sa clé n’y est pas de confiance.
ending-link-lost = L’appel s’est terminé car le serveur était injoignable.
ending-not-secure = L’appel a été arrêté : la connexion n’était pas avec { $name }. Quelqu’un écoute peut-être.
ending-protocol = L’appel a été arrêté : des messages manquaient ou n’avaient pas de sens.
ending-media-failed = L’appel a été arrêté : le son ou l’image n’a pas pu être mis en place.
ending-shutdown = { $name } s’éteint.
failed-busy = Il y a déjà un appel ; raccrochez d’abord.
failed-not-in-room = Cette borne n’est plus dans la salle.
failed-nobody = Personne d’autre n’est dans la salle.
failed-no-offer = Il n’y a encore rien à envoyer.
failed-no-answer = Il n’y a encore rien à envoyer.
failed-nobody-calls = Plus personne n’appelle.
failed-other-offer = Quelqu’un d’autre appelle à présent.
failed-no-call = Il faut un appel pour cela.
failed-not-confirmed = L’appel n’est pas encore confirmé.
failed-ended = L’appel est terminé.
failed-set-up = Le navigateur n’a pas pu établir l’appel.
failed-empty-file = Ce fichier est vide.

## The kiosk, from afar

kiosk-controls = Borne
remote-hearing = Son micro
remote-mute = Le couper
remote-unmute = Demander le micro
remote-seeing = Sa caméra
remote-camera-off = La couper
remote-camera-on = Demander l’image
remote-volume = Volume là-bas
remote-pictures = Images et papiers
remote-snapshot-camera = Photo de la caméra
remote-snapshot-panel = Image de son écran
remote-share-panel = Me montrer son écran
remote-share-document = Me montrer la caméra de documents
remote-share-stop = Ne plus montrer
remote-consent = On demande chaque fois au visiteur, qui accepte ou refuse avec un bouton.
remote-restart = Redémarrer la borne
remote-restart-question = Redémarrer { $name } ?
remote-restart-long = Un appel en cours se termine. La borne revient après une minute environ.
remote-restart-do = Redémarrer
wish-mute = couper le micro
wish-unmute = rétablir le micro
wish-camera-off = couper la caméra
wish-camera-on = rallumer la caméra
wish-volume = volume
wish-snapshot-camera = photo de la caméra
wish-snapshot-panel = image de l’écran
wish-share-panel = montrer son écran
wish-share-document = montrer la caméra de documents
wish-share-stop = ne plus montrer
wish-restart = redémarrage
wish-waits = En attente du visiteur : { $wish }
wish-pending = Demandé : { $wish }
wish-granted = Fait : { $wish }
wish-refused = Refusé : { $wish }
wish-no-answer = Sans réponse : { $wish }

## Statistics

statistics = Connexion
quality-good = Bonne
quality-fair = Moyenne
quality-poor = Mauvaise
quality-good-long = La connexion est bonne.
quality-fair-long = De brèves perturbations sont possibles.
quality-poor-long = L’image et le son peuvent se bloquer.
round-trip-time = Aller-retour
milliseconds = { $value } ms
bitrate-in = Reçu
bitrate-out = Envoyé
loss = Paquets perdus
jitter = Gigue
picture-size = Image
picture-size-value = { $width } × { $height }, { $fps } images/s
chart = { $name } : { $value } à présent, au plus { $most } dans la dernière minute
unknown = –

## Chat and files

chat = Messages
chat-with = Messages avec { $name }
chat-log = Fil des messages
chat-empty-kiosk = Ce que vous écrivez apparaît sur l’écran de la borne.
chat-empty = Rien n’a encore été écrit.
chat-offline = { $name } est hors ligne. Ce que vous écrivez arrive dès son retour.
message = Message
message-placeholder = Écrire un message
send = Envoyer
you = Vous
delivered = remis
sent = envoyé
waits = en attente
unread = { $count ->
    [one] Un message non lu
   *[other] { $count } messages non lus
  }
new-message = Nouveau message de { $name }
retention = Garder l’historique
retention-call = jusqu’à la fin de l’appel
retention-page = jusqu’à la fermeture de cette page
retention-days = { $days ->
    [one] un jour
   *[other] { $days } jours
  }
retention-forget = Effacer tout l’historique
retention-forget-question = Effacer l’historique avec tout le monde ?
retention-forget-do = Effacer
quick-texts = Textes rapides
quick-texts-edit = Modifier les textes rapides
quick-texts-long = Un par ligne. Un clic l’envoie.
quick-texts-reset = Reprendre les textes habituels
quick-text-1 = Bonjour, comment puis-je vous aider ?
quick-text-2 = Un instant, s’il vous plaît.
quick-text-3 = Quelqu’un vient vers vous.
quick-text-4 = Parlez un peu plus fort, s’il vous plaît.
quick-text-5 = Merci. Au revoir !
attach = Envoyer un fichier
attach-needs-call = Les fichiers s’envoient pendant un appel.
drop-here = Déposez pour envoyer à { $name }
file-preparing = Préparation
file-queued = Attend un autre fichier
file-offered = Attend la borne
file-moving-time = { $moved } sur { $size }
file-paused = En pause ; reprend au prochain appel
file-sending = Envoi
file-receiving = Réception
file-sent = Envoyé
file-received = Reçu
file-failed-declined = Refusé
file-failed-size = Trop grand
file-failed-type = Ce genre de fichier n’est pas accepté
file-failed-quota = Plus de place là-bas
file-failed-hash = Abîmé en chemin
file-failed-storage = N’a pas pu être enregistré
file-failed-stopped = Arrêté
file-stop = Arrêter { $name }
file-progress = { $name } : { $percent }
file-save = Enregistrer { $name }
file-open = Ouvrir { $name }
file-show = Montrer sur la borne
file-hide = Cacher sur la borne
file-shown = Montré sur la borne
file-offered-here = { $name } veut envoyer ce fichier
file-accept = Accepter
file-decline = Refuser
file-remove = Ôter { $name } de la liste

## Pairing

pairing = Associer une borne
pairing-intro = L’association établit la confiance entre ce navigateur et la borne, sans serveur intermédiaire. Il faut quelqu’un devant la borne.
pairing-step = À la borne, maintenez le bouton d’association trois secondes. Les deux écrans montrent alors six chiffres.
pairing-begin = Commencer
pairing-waiting = En attente de la borne…
seconds-left = { $seconds ->
    [one] encore une seconde
   *[other] encore { $seconds } secondes
  }
pairing-compare = L’écran de { $name } montre-t-il les mêmes chiffres ?
pairing-digits = Chiffres : { $digits }
pairing-name = Retenir comme
pairing-same = Ils sont identiques
pairing-differ = Ils diffèrent
pairing-confirmed = Confirmé ici. Quelqu’un doit maintenant appuyer sur « oui » à la borne.
pairing-done = { $name } est désormais de confiance.
pairing-failed-timed-out = Personne n’a répondu à temps.
pairing-failed-cancelled = L’autre côté a arrêté l’association.
pairing-failed-mismatch = Les chiffres ne concordent pas : quelqu’un s’interpose peut-être. Aucune confiance n’a été accordée.
pairing-failed-too-many-tries = Trois essais en dix minutes sont épuisés. Patientez un peu.
pairing-failed-no-link = L’association exige la liaison avec le serveur.
pairing-again = Réessayer

## Trust

trust-list = Clés de confiance
trust-list-empty = Aucune confiance accordée. Associez une borne, ou faites confiance à une clé de la salle.
trust-since = De confiance depuis le { $date }
trust-remove-name = Retirer { $name }
trust-remove-question = Ne plus faire confiance à { $name } ?
trust-remove-long = L’autre côté est alors non vérifié, jusqu’à une nouvelle association.
own-key = La clé de ce navigateur, pour qui veut lui faire confiance

## Settings

settings = Réglages
settings-you = Vous
settings-name = Votre nom
settings-room = Salle
settings-room-hint = Petites lettres, chiffres, point, tiret bas et trait d’union
settings-look = Aspect et langue
settings-language = Langue
settings-language-browser = Celle du navigateur ({ $language })
settings-theme = Couleurs
theme-system = Du système
theme-light = Clair
theme-dark = Sombre
settings-alerts = Alertes
settings-ring = Volume de la sonnerie
settings-ring-test = Sonner une fois
settings-notifications = Notifications du bureau
settings-notifications-granted = Autorisées
settings-notifications-denied = Bloquées dans les réglages du navigateur
settings-devices = Caméra et son
device-videoinput = Caméra
device-audioinput = Micro
device-audiooutput = Haut-parleur
device-default = Choix du navigateur
quality = Image envoyée
quality-auto = Automatique
quality-data-saver = Économise les données
quality-sharp = Nette, pour les papiers
quality-smooth = Fluide, pour le mouvement et les signes
media-audio-denied = Le navigateur n’a pas pu utiliser le micro. On ne vous entendra pas ; autorisez-le près de l’adresse, puis réessayez.
media-audio-missing = Aucun micro trouvé. On ne vous entendra pas.
media-audio-in-use = Un autre programme utilise le micro. On ne vous entendra pas.
media-audio-unusable = Le micro est inutilisable ici. On ne vous entendra pas.
media-audio-gone = Le micro a disparu. L’appel continue sans lui.
media-video-denied = Le navigateur n’a pas pu utiliser la caméra. On ne vous verra pas ; autorisez-la près de l’adresse, puis réessayez.
media-video-missing = Aucune caméra trouvée. On ne vous verra pas.
media-video-in-use = Un autre programme utilise la caméra. On ne vous verra pas.
media-video-unusable = La caméra est inutilisable ici. On ne vous verra pas.
media-video-gone = La caméra a disparu. L’appel continue sans elle.
media-screen-unusable = L’écran ne peut pas être partagé ici.

## Keys

help = Clavier
help-off = Les touches seules sont désactivées dans les réglages.
help-allow = Les touches seules sont des raccourcis
key-answer = Répondre
key-end = Refuser, ou cesser de sonner
key-hang-up = Raccrocher
key-mute = Couper ou rétablir le micro
key-camera = Couper ou rallumer la caméra
key-share = Partager l’écran
key-hold = Attente ou reprise
key-swap = Échanger les images
key-chat = Aller aux messages
key-search = Chercher une borne
key-help = Cette liste
