# Español. Las mismas claves y argumentos que en en.ftl.

## Starting and waiting
booting = Iniciando
booting-more = Un momento, por favor.
idle = Hable con una persona
idle-more = Podrán verse y oírse.
idle-press = Pulse el botón de llamada
idle-touch = Toque aquí para llamar
somebody = Hay alguien para atenderle
nobody = Ahora no hay nadie
nobody-more = En cuanto alguien pueda responder, esta pantalla lo dirá.
signing-in = Conectando
signing-in-more = En un momento podrá llamar.
no-network = Sin red
no-network-more = Este punto no tiene red y ahora no puede llamar. El personal puede ayudarle.
no-server = Sin conexión
no-server-more = El servicio de llamadas no responde. El personal puede ayudarle.
replaced = En uso en otro lugar
replaced-more = Otro aparato se ha conectado como este. Avise al personal, por favor.
retrying = Nuevo intento
retry-in =
    { $seconds ->
        [one] Nuevo intento en { $seconds } segundo
       *[other] Nuevo intento en { $seconds } segundos
    }
updating = Actualización en curso
updating-more = Tarda unos minutos. No lo apague, por favor.
out-of-order = Fuera de servicio
out-of-order-more = Este punto no puede llamar. Avise al personal, por favor.
old-settings = Ajustes anteriores
old-settings-more = Los nuevos tienen un error. Avise al personal, por favor.
support-code = Código de asistencia
support-scan = Escanee para pedir ayuda

## Beginning and ending calls
calling = Llamando
reaching = Un momento, por favor.
ringing-there = Está sonando.
incoming = Llamada entrante
announced =
    { $seconds ->
        [one] Se responde en { $seconds } segundo
       *[other] Se responde en { $seconds } segundos
    }
announced-more = Le verán y le oirán.
connecting = Conectando
connecting-more = Se prepara una conexión protegida.
press-to-cancel = Botón de llamada: cancelar
press-to-answer = Pulse el botón de llamada para responder
press-to-hang-up = Botón de llamada: colgar
verified = Verificado
unverified = Sin verificar
unverified-more = Nadie responde de este nombre. No diga nada privado.

## In a call
muted = Su micrófono está apagado
camera-off = Su cámara está apagada
no-camera = Sin cámara
no-camera-more = La otra parte no puede verle.
no-sound = Sin sonido
no-sound-more = No pueden oírse, pero pueden escribir.
peer-muted = El micrófono de allí está apagado
peer-camera-off = La cámara de allí está apagada
no-picture-yet = Esperando la imagen
server-lost = Servicio perdido, la llamada sigue
reconnecting =
    { $seconds ->
        [one] Conexión perdida. Nuevo intento, queda { $seconds } segundo
       *[other] Conexión perdida. Nuevo intento, quedan { $seconds } segundos
    }
held = En espera
held-more = Nadie le ve ni le oye.
held-press = Botón de espera: seguir
peer-hold = Le han puesto en espera
peer-hold-more = Espere, por favor. Nadie le ve ni le oye.
quality-data-saver = Ahorro de datos
quality-sharp = Imagen nítida
quality-smooth = Imagen fluida
sharing-panel = Comparte esta pantalla
sharing-document = Muestra sus documentos
peer-screen = Pantalla compartida
shown-whole = Página entera
shown-quarter = Parte { $quarter } de 4
shown-loading = Abriendo el archivo
shown-failed = Este archivo no se puede mostrar
shown-press = Botón zoom: acercar   ·   Botón no: cerrar

## Writing
chat-new =
    { $count ->
        [one] { $count } mensaje nuevo
       *[other] { $count } mensajes nuevos
    }
chat-page = Página { $page } de { $pages }
chat-press = Botón siguiente: elegir   ·   Botón sí: enviar
reply-1 = Sí
reply-2 = No
reply-3 = Un momento, por favor
reply-4 = Repítalo, por favor

## What only the room may grant
ask-unmute = { $name } pide oírle
ask-unmute-more = Su micrófono se encenderá.
ask-camera-on = { $name } pide verle
ask-camera-on-more = Su cámara se encenderá.
ask-snapshot-camera = { $name } pide una foto
ask-snapshot-camera-more = Se enviará una imagen fija de su cámara.
ask-snapshot-panel = { $name } pide una imagen de esta pantalla
ask-snapshot-panel-more = Lo que ve aquí se enviará como imagen.
ask-share-panel = { $name } pide ver esta pantalla
ask-share-panel-more = Verán lo que usted ve, hasta que lo termine.
ask-share-document = { $name } pide ver sus documentos
ask-share-document-more = La cámara de documentos estará encendida hasta que lo termine.
ask-other = { $name } pide su permiso
ask-other-more = Sin su permiso no ocurre nada.
ask-press = «Sí» para permitirlo, «No» para rechazarlo
ask-left =
    { $seconds ->
        [one] Se rechaza solo en { $seconds } segundo
       *[other] Se rechaza solo en { $seconds } segundos
    }

## Files
receiving = Recibiendo { $name }
sending = Enviando { $name }

## Pairing
pairing = Vincular
pairing-waiting = Inicie la vinculación también en el otro lado
pairing-waiting-more = Mantenga allí el botón de vincular, o elija «Vincular» en la página.
pairing-left =
    { $seconds ->
        [one] Queda { $seconds } segundo
       *[other] Quedan { $seconds } segundos
    }
pairing-compare = ¿Son las mismas cifras en ambos lados?
pairing-name = El otro lado se llama { $name }
pairing-press = «Sí» si las seis coinciden, si no «No»
pairing-confirmed = Confirmado aquí
pairing-confirmed-more = Ahora debe confirmar el otro lado.
pairing-done = Vinculado
pairing-done-more = { $name } es de confianza desde ahora.
pairing-failed = Sin vincular
pairing-timed-out = Nadie confirmó a tiempo. Inténtelo de nuevo.
pairing-cancelled = Un lado dijo que no o se fue.
pairing-mismatch = El otro lado cambió sus cifras. No confíe en él.
pairing-too-many = Se han agotado tres intentos. Espere diez minutos.
pairing-no-link = Este punto no tiene conexión ahora.

## What was done from afar
remark-muted = { $name } ha apagado su micrófono
remark-camera-off = { $name } ha apagado su cámara
remark-volume = { $name } ha cambiado el volumen
remark-share-stopped = { $name } ha terminado de compartir
remark-granted-unmute = Ya le oyen
remark-granted-camera = Ya le ven
remark-granted-snapshot = Se envía la imagen
remark-granted-share = Ahora está compartiendo
remark-granted = Hecho
remark-file-received = Ha llegado un archivo
remark-file-sent = El archivo ha llegado allí
remark-file-declined = El archivo fue rechazado
remark-file-size = El archivo es demasiado grande
remark-file-type = Este tipo de archivo no se acepta
remark-file-quota = No hay sitio para el archivo
remark-file-damaged = El archivo llegó dañado
remark-file-storage = El archivo no se pudo guardar
remark-file-stopped = El archivo fue detenido
somebody-there = La otra parte

## How calls end
ended = Llamada terminada
ended-hung-up = Hasta pronto.
ended-peer-hung-up = La otra parte ha colgado.
ended-rejected = Llamada rechazada
ended-rejected-more = Nadie puede atenderle ahora. Inténtelo más tarde, por favor.
ended-declined-more = No ha atendido esta llamada.
ended-busy = Ocupado
ended-busy-more = Están en otra llamada. Inténtelo en unos minutos, por favor.
ended-no-answer = Sin respuesta
ended-no-answer-more = Nadie ha respondido. Inténtelo más tarde, por favor.
ended-no-connection = No se pudo conectar
ended-no-connection-more = La conexión no se estableció. Inténtelo de nuevo, por favor.
ended-lost = Conexión perdida
ended-peer-lost-more = Ya no se puede contactar con la otra parte. Vuelva a llamar, por favor.
ended-link-lost-more = Este punto perdió la conexión. Vuelva a llamar en un momento, por favor.
ended-offline = No disponible
ended-offline-more = No hay nadie conectado. Inténtelo más tarde, por favor.
ended-untrusted = No aceptada
ended-untrusted-more = La otra parte no conoce este punto. Avise al personal, por favor.
ended-not-secure = No es seguro
ended-not-secure-more = Alguien podría estar escuchando, por eso se terminó la llamada. Avise al personal, por favor.
ended-protocol-more = Algo falló entre las dos partes. Vuelva a llamar, por favor.
ended-media-more = Falló la imagen o el sonido. Vuelva a llamar, por favor.
ended-shutdown-more = Una de las partes se apagó.

## On the buttons of a touch screen: one or two short words each
do-answer = Responder
do-decline = Rechazar
do-hang-up = Colgar
do-cancel = Cancelar
do-mute = Silencio
do-unmute = Micrófono
do-camera-off = Sin cámara
do-camera-on = Cámara
do-hold = Espera
do-resume = Seguir
do-stop-sharing = No compartir
do-yes = Sí
do-no = No
do-same = Iguales
do-not-same = Distintas
do-page = Anterior
do-zoom = Zoom
do-close = Cerrar
