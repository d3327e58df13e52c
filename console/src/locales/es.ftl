# The operator's page. All catalogues have the same messages with the same variables.

title = Consola de quioscos
close = Cerrar
cancel = Cancelar
save = Guardar
remove = Quitar

## The link to the server

link-offline = Desconectado
link-connecting = Conectando…
link-signing-in = Identificándose…
link-online = En línea
link-waiting = Sin conexión
link-retry = Se sigue intentando.
link-retry-now = Intentar ahora
problem-needs-https = Esta página necesita https: sin él, el navegador no firma nada.
problem-bad-room = «{ $detail }» no puede ser una sala: use a–z, 0–9, «.», «_» y «-».
problem-bad-name = Un nombre tiene de 1 a 64 caracteres.
problem-bad-address = «{ $detail }» no es la dirección de un servidor.
problem-no-answer = El servidor no responde.
problem-unreachable = No se puede llegar al servidor.
problem-version = El servidor habla otra versión. Vuelva a cargar esta página; si no ayuda, avise a la administración.
problem-audience = El servidor se llama a sí mismo «{ $detail }». No se firmó nada para él.
problem-replaced = Otra página se ha identificado como esta y sigue allí.
problem-full = El servidor está lleno.
problem-restarting = El servidor se está reiniciando.
problem-refused = El servidor rechazó la identificación ({ $detail }).
problem-flood = El servidor cerró el enlace: llegó demasiado a la vez.
problem-too-big = El servidor cerró el enlace: un mensaje era demasiado grande.
problem-busy = El servidor está sobrecargado ahora mismo.

## Alerts

alert-sound = Para que suenen las llamadas: el navegador no reproduce sonido hasta que haga clic una vez.
alert-sound-allow = Activar el sonido
alert-notifications = Reciba avisos de llamadas mientras trabaja en otra ventana.
alert-notifications-allow = Permitir avisos
alert-later = Ahora no
calling-title = { $name } llama
calling-many = { $count ->
    [one] Una llamada espera
   *[other] { $count } llamadas esperan
  }

## The wall

wall = Quioscos
room = Sala «{ $room }»
search = Buscar un quiosco
filter = Mostrar
filter-all = Todos
filter-attention = Necesitan a alguien
filter-idle = Libres
filter-busy = En llamada
filter-fault = Averiados
filter-offline = Sin conexión
wall-empty = Todavía no hay nadie más. Los quioscos aparecen en cuanto están en línea.
wall-waiting = La sala se muestra en cuanto la consola está en línea.
wall-none-fits = Ningún quiosco coincide.
wall-show-all = Mostrar todos
state-calling = Le llama
state-visitor-waits = Alguien espera
state-unread = { $count ->
    [one] Un mensaje nuevo
   *[other] { $count } mensajes nuevos
  }
state-fault = Avería
state-with-us = En llamada con usted
state-connecting = Conectando
state-idle = Libre
state-in-call = En otra llamada
state-here = En línea
state-operator = Operador
state-offline = Sin conexión
state-left = Se fue: { $time }
fault-camera = Sin cámara
fault-sound = Sin sonido
fault-panel = Sin pantalla
call-name = Llamar a { $name }
call = Llamar
open-name = Abrir { $name }

## Who is it

verification-pinned = De confianza
verification-pinned-long = Usted confía en esta clave. Nadie más puede llamar con ella.
verification-member = Miembro
verification-member-long = Su organización responde de esta clave.
verification-unverified = Sin verificar
verification-unverified-long = Nadie responde de esta clave. El nombre es solo lo que dice quien llama.
verification-changed = Clave cambiada
verification-changed-long = Usted confía en otra clave con este nombre. Puede ser un impostor: compare la clave antes de decir nada.
key-of-kiosk = Clave de este quiosco
key-of-operator = Clave de este operador
trust = Confiar
distrust = Dejar de confiar
pair = Emparejar
identity = Identidad

## Ringing

ringing-waits = espera desde hace { $time }
ringing-title = { $count ->
    [one] Llamada entrante
   *[other] { $count } llamadas entrantes
  }
answer = Contestar
answer-ends = Contestar y terminar esta llamada
decline = Rechazar

## The call

stage = Llamada
phase-idle = Listo para llamadas
phase-calling = Llamando a { $name }…
phase-ringing = Suena en { $name }…
phase-ringing-in = { $name } llama
phase-connecting = Conectando con { $name }…
phase-checking = Comprobando que no hay nadie en medio…
phase-in-call = En llamada con { $name }
phase-ended = Llamada terminada
reconnecting = Conexión perdida. Reintentando…
reconnected = La conexión con { $name } se ha restablecido.
somebody = El otro lado
picture-of = Imagen de { $name }
picture-own = Su propia imagen
own-picture-screen = Está mostrando su pantalla
swap = Intercambiar las imágenes
no-picture = { $name } no envía imagen.
is-muted = { $name } está en silencio.
remote-screen = { $name } muestra una pantalla o un documento.
on-hold-here = La llamada está en espera. No se le ve ni se le oye.
on-hold-there = { $name } ha puesto la llamada en espera.
resume = Continuar
sound-on = Activar el sonido
call-again = Volver a llamar
controls = Controles de la llamada
mute = Silencio
unmute = Activar el micrófono
camera-off = Cámara apagada
camera-on = Cámara encendida
camera = Cámara
share-screen = Compartir la pantalla
share-screen-stop = Dejar de compartir la pantalla
share = Compartir
hold = Espera
hold-long = Poner la llamada en espera
more = Más
devices = Dispositivos y calidad
hang-up = Colgar

## How it ended

ending-hung-up = Usted colgó.
ending-declined = Rechazó la llamada de { $name }.
ending-no-answer = Sin respuesta: la llamada con { $name } sonó demasiado tiempo.
ending-no-connection = No se pudo conectar con { $name }. Quizá lo impida un cortafuegos.
ending-peer-hung-up = { $name } colgó.
ending-peer-offline = { $name } ha salido de la sala.
ending-peer-lost = Se perdió la conexión con { $name } y no se pudo restablecer.
ending-rejected = { $name } rechazó la llamada.
ending-busy = { $name } está en otra llamada.
ending-untrusted = { $name } no acepta llamadas de esta consola: allí no se confía en su clave.
ending-link-lost = La llamada terminó porque no se podía llegar al servidor.
ending-not-secure = La llamada se detuvo: la conexión no era con { $name }. Puede que alguien escuche.
ending-protocol = La llamada se detuvo: faltaban mensajes o no tenían sentido.
ending-media-failed = La llamada se detuvo: no se pudo preparar el sonido o la imagen.
ending-shutdown = { $name } se está apagando.
failed-busy = Ya hay una llamada; cuelgue primero.
failed-not-in-room = Este quiosco ya no está en la sala.
failed-nobody = No hay nadie más en la sala.
failed-no-offer = Todavía no hay nada que enviar.
failed-no-answer = Todavía no hay nada que enviar.
failed-nobody-calls = Ya no llama nadie.
failed-other-offer = Ahora llama otra persona.
failed-no-call = Esto necesita una llamada.
failed-not-confirmed = La llamada aún no está confirmada.
failed-ended = La llamada ha terminado.
failed-set-up = El navegador no pudo establecer la llamada.
failed-empty-file = Este archivo está vacío.

## The kiosk, from afar

kiosk-controls = Quiosco
remote-hearing = Su micrófono
remote-mute = Silenciarlo
remote-unmute = Pedir el micrófono
remote-seeing = Su cámara
remote-camera-off = Apagarla
remote-camera-on = Pedir la imagen
remote-volume = Volumen allí
remote-pictures = Imágenes y papeles
remote-snapshot-camera = Foto de la cámara
remote-snapshot-panel = Imagen de su pantalla
remote-share-panel = Mostrarme su pantalla
remote-share-document = Mostrarme la cámara de documentos
remote-share-stop = Dejar de mostrar
remote-consent = Se pregunta cada vez al visitante, que acepta o rechaza con un botón.
remote-restart = Reiniciar el quiosco
remote-restart-question = ¿Reiniciar { $name }?
remote-restart-long = Una llamada en curso termina. El quiosco vuelve en un minuto más o menos.
remote-restart-do = Reiniciar
wish-mute = silenciar
wish-unmute = activar el micrófono
wish-camera-off = apagar la cámara
wish-camera-on = encender la cámara
wish-volume = volumen
wish-snapshot-camera = foto de la cámara
wish-snapshot-panel = imagen de la pantalla
wish-share-panel = mostrar su pantalla
wish-share-document = mostrar la cámara de documentos
wish-share-stop = dejar de mostrar
wish-restart = reinicio
wish-waits = Esperando al visitante: { $wish }
wish-pending = Pedido: { $wish }
wish-granted = Hecho: { $wish }
wish-refused = Rechazado: { $wish }
wish-no-answer = Sin respuesta: { $wish }

## Statistics

statistics = Conexión
quality-good = Buena
quality-fair = Regular
quality-poor = Mala
quality-good-long = La conexión es buena.
quality-fair-long = Puede haber breves interrupciones.
quality-poor-long = La imagen y el sonido pueden detenerse.
round-trip-time = Ida y vuelta
milliseconds = { $value } ms
bitrate-in = Recibido
bitrate-out = Enviado
loss = Paquetes perdidos
jitter = Fluctuación
picture-size = Imagen
picture-size-value = { $width } × { $height }, { $fps } imágenes/s
chart = { $name }: { $value } ahora, como máximo { $most } en el último minuto
unknown = –

## Chat and files

chat = Chat
chat-with = Chat con { $name }
chat-log = Mensajes
chat-empty-kiosk = Lo que escriba aparece en la pantalla del quiosco.
chat-empty = Todavía no se ha escrito nada.
chat-offline = { $name } no tiene conexión. Lo que escriba se entrega en cuanto vuelva.
message = Mensaje
message-placeholder = Escribir un mensaje
send = Enviar
you = Usted
delivered = entregado
sent = enviado
waits = en espera
unread = { $count ->
    [one] Un mensaje sin leer
   *[other] { $count } mensajes sin leer
  }
new-message = Mensaje nuevo de { $name }
retention = Conservar el historial
retention-call = hasta que termine la llamada
retention-page = hasta que se cierre esta página
retention-days = { $days ->
    [one] un día
   *[other] { $days } días
  }
retention-forget = Borrar todo el historial
retention-forget-question = ¿Borrar el historial con todos?
retention-forget-do = Borrar
quick-texts = Textos rápidos
quick-texts-edit = Editar los textos rápidos
quick-texts-long = Uno por línea. Un clic lo envía.
quick-texts-reset = Usar los habituales
quick-text-1 = Hola, ¿en qué puedo ayudarle?
quick-text-2 = Un momento, por favor.
quick-text-3 = Alguien va hacia usted.
quick-text-4 = Hable un poco más alto, por favor.
quick-text-5 = Gracias. ¡Hasta luego!
attach = Enviar un archivo
attach-needs-call = Los archivos se envían durante una llamada.
drop-here = Suelte para enviar a { $name }
file-preparing = Preparando
file-queued = Espera a otro archivo
file-offered = Espera al quiosco
file-moving-time = { $moved } de { $size }
file-paused = En pausa; sigue en la próxima llamada
file-sending = Enviando
file-receiving = Recibiendo
file-sent = Enviado
file-received = Recibido
file-failed-declined = Rechazado
file-failed-size = Demasiado grande
file-failed-type = No se acepta este tipo de archivo
file-failed-quota = Allí no queda espacio
file-failed-hash = Dañado por el camino
file-failed-storage = No se pudo guardar
file-failed-stopped = Detenido
file-stop = Detener { $name }
file-progress = { $name }: { $percent }
file-save = Guardar { $name }
file-open = Abrir { $name }
file-show = Mostrar en el quiosco
file-hide = Ocultar en el quiosco
file-shown = Se muestra en el quiosco
file-offered-here = { $name } quiere enviar este archivo
file-accept = Aceptar
file-decline = Rechazar
file-remove = Quitar { $name } de la lista

## Pairing

pairing = Emparejar un quiosco
pairing-intro = Al emparejar, este navegador y el quiosco confían el uno en el otro, sin servidor de por medio. Hace falta alguien en el quiosco.
pairing-step = En el quiosco, mantenga pulsado tres segundos el botón de emparejar. Entonces ambas pantallas muestran seis cifras.
pairing-begin = Empezar
pairing-waiting = Esperando al quiosco…
seconds-left = { $seconds ->
    [one] queda un segundo
   *[other] quedan { $seconds } segundos
  }
pairing-compare = ¿Muestra la pantalla de { $name } las mismas cifras?
pairing-digits = Cifras: { $digits }
pairing-name = Recordarlo como
pairing-same = Son iguales
pairing-differ = Son distintas
pairing-confirmed = Confirmado aquí. Ahora alguien debe pulsar «sí» en el quiosco.
pairing-done = Desde ahora se confía en { $name }.
pairing-failed-timed-out = Nadie respondió a tiempo.
pairing-failed-cancelled = El otro lado detuvo el emparejamiento.
pairing-failed-mismatch = Las cifras no encajan: puede haber alguien en medio. No se confió en nadie.
pairing-failed-too-many-tries = Se han gastado tres intentos en diez minutos. Espere un poco.
pairing-failed-no-link = Emparejar necesita el enlace con el servidor.
pairing-again = Intentar otra vez

## Trust

trust-list = Claves de confianza
trust-list-empty = Todavía no se confía en nadie. Empareje un quiosco o confíe en una clave de la sala.
trust-since = De confianza desde el { $date }
trust-remove-name = Quitar { $name }
trust-remove-question = ¿Dejar de confiar en { $name }?
trust-remove-long = Quedará sin verificar hasta que alguien lo empareje de nuevo.
own-key = La clave de este navegador, para quien quiera confiar en él

## Settings

settings = Ajustes
settings-you = Usted
settings-name = Su nombre
settings-room = Sala
settings-room-hint = Letras minúsculas, cifras, punto, guion bajo y guion
settings-look = Aspecto e idioma
settings-language = Idioma
settings-language-browser = El del navegador ({ $language })
settings-theme = Colores
theme-system = Del sistema
theme-light = Claro
theme-dark = Oscuro
settings-alerts = Avisos
settings-ring = Volumen del timbre
settings-ring-test = Sonar una vez
settings-notifications = Avisos en el escritorio
settings-notifications-granted = Permitidos
settings-notifications-denied = Bloqueados en los ajustes del navegador
settings-devices = Cámara y sonido
device-videoinput = Cámara
device-audioinput = Micrófono
device-audiooutput = Altavoz
device-default = Lo que elija el navegador
quality = Imagen que se envía
quality-auto = Automática
quality-data-saver = Ahorra datos
quality-sharp = Nítida, para papeles
quality-smooth = Fluida, para movimiento y lengua de signos
media-audio-denied = El navegador no pudo usar el micrófono. No se le oirá; permítalo junto a la dirección e inténtelo de nuevo.
media-audio-missing = No se encontró ningún micrófono. No se le oirá.
media-audio-in-use = Otro programa usa el micrófono. No se le oirá.
media-audio-unusable = El micrófono no se puede usar aquí. No se le oirá.
media-audio-gone = El micrófono ha desaparecido. La llamada sigue sin él.
media-video-denied = El navegador no pudo usar la cámara. No se le verá; permítala junto a la dirección e inténtelo de nuevo.
media-video-missing = No se encontró ninguna cámara. No se le verá.
media-video-in-use = Otro programa usa la cámara. No se le verá.
media-video-unusable = La cámara no se puede usar aquí. No se le verá.
media-video-gone = La cámara ha desaparecido. La llamada sigue sin ella.
media-screen-unusable = La pantalla no se puede compartir aquí.

## Keys

help = Teclado
help-off = Las teclas sueltas están desactivadas en los ajustes.
help-allow = Las teclas sueltas son atajos
key-answer = Contestar
key-end = Rechazar, o dejar de sonar
key-hang-up = Colgar
key-mute = Silenciar o activar el micrófono
key-camera = Apagar o encender la cámara
key-share = Compartir la pantalla
key-hold = Espera o continuar
key-swap = Intercambiar las imágenes
key-chat = Ir al chat
key-search = Buscar un quiosco
key-help = Esta lista
