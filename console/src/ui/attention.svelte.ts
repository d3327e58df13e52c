/** What makes a person look: a ringing sound, a desktop notification, the page's title and icon. */

/** From one ring to the next, and from one knock to the next while a call goes on. */
const RING_MS = 2_400;
const KNOCK_MS = 6_000;
const TITLE_MS = 900;

/** What the browser lets the page do; each can be asked for by a click only. */
interface Allowed {
  /** `blocked`: the browser plays nothing before the person has touched the page. */
  sound: 'ready' | 'blocked' | 'none';
  notifications: NotificationPermission | 'none';
}

export const allowed: Allowed = $state({ sound: 'none', notifications: 'none' });

let audio: AudioContext | null = null;

/** Finds out what is allowed, and keeps knowing it. */
export function watchPermissions(): void {
  if (typeof Notification === 'function') allowed.notifications = Notification.permission;
  if (typeof AudioContext !== 'function') return;
  audio = new AudioContext();
  const tell = () => (allowed.sound = audio?.state === 'running' ? 'ready' : 'blocked');
  audio.onstatechange = tell;
  tell();
}

/** Asks the browser for sound; to be called in a click. */
export async function allowSound(): Promise<void> {
  await audio?.resume();
}

/** Asks the person whether notifications are welcome; to be called in a click. */
export async function allowNotifications(): Promise<void> {
  if (typeof Notification !== 'function') return;
  allowed.notifications = await Notification.requestPermission();
}

/**
 * Rings until the returned function is called.
 *
 * @param volume 0 to 1.
 * @param gently One quiet knock now and then: there is a call already.
 */
export function ring(volume: number, gently: boolean): () => void {
  const chime = () => (gently ? notes([659.3], volume * 0.35) : notes([659.3, 830.6], volume));
  chime();
  const timer = setInterval(chime, gently ? KNOCK_MS : RING_MS);
  return () => clearInterval(timer);
}

/** A line of chat came. */
export function pling(volume: number): void {
  notes([987.8], volume * 0.4);
}

function notes(frequencies: readonly number[], volume: number): void {
  if (!audio || audio.state !== 'running' || volume <= 0) return;
  const [context, begin] = [audio, audio.currentTime + 0.02];
  frequencies.forEach((frequency, index) => tone(context, frequency, begin + index * 0.32, volume));
}

function tone(context: AudioContext, frequency: number, start: number, volume: number): void {
  const [oscillator, gain] = [context.createOscillator(), context.createGain()];
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.3 * volume, start + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.95);
}

/** Shows a notification while nobody looks at the page; the returned function takes it away. A click on it brings the page to the front. */
export function notify(title: string, body: string, tag: string): () => void {
  if (allowed.notifications !== 'granted' || document.hasFocus()) return () => undefined;
  try {
    const notification = new Notification(title, { body, tag, icon: './icon.svg', requireInteraction: true });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
    return () => notification.close();
  } catch {
    // Browsers on phones only notify from service workers.
    return () => undefined;
  }
}

/** Alternates the title, and marks the icon, until the returned function is called. */
export function beckon(words: string): () => void {
  const usual = document.title;
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const plain = icon?.href ?? '';
  if (icon) icon.href = plain.replace('icon.svg', 'icon-calling.svg');
  const timer = setInterval(() => (document.title = document.title === usual ? words : usual), TITLE_MS);
  document.title = words;
  return () => {
    clearInterval(timer);
    document.title = usual;
    if (icon) icon.href = plain;
  };
}
