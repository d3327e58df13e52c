/** Single keys, unless something is being written (WCAG 2.2 §2.1.4: they can be turned off). */

import { connectionStore, mediaStore, type Phase } from '../lib';
import { desk } from './desk.svelte';

/** What the help sheet says: a key, and the end of the catalogue's key. */
export const KEYS = [
  ['A', 'answer'],
  ['Esc', 'end'],
  ['Shift+H', 'hang-up'],
  ['M', 'mute'],
  ['V', 'camera'],
  ['S', 'share'],
  ['K', 'hold'],
  ['P', 'swap'],
  ['C', 'chat'],
  ['/', 'search'],
  ['?', 'help'],
] as const;

const RINGING: readonly Phase[] = ['ringing-in', 'ringing-out', 'connecting'];

/** Acts on a key. */
export function shortcut(event: KeyboardEvent, phase: Phase): void {
  const { key, target, ctrlKey, altKey, metaKey, repeat } = event;
  const busy =
    target instanceof HTMLElement &&
    target.closest('input, select, textarea, dialog, [popover], [contenteditable], [role="tablist"]');
  if (!desk.preferences.shortcuts || busy || ctrlKey || altKey || metaKey || repeat) return;
  const act = actionOf(key, phase);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf(key: string, phase: Phase): (() => unknown) | null {
  const inCall = phase === 'in-call';
  const calling = inCall || RINGING.includes(phase);
  if (key === '?') return () => (desk.open = { what: 'help' });
  if (key === '/') return () => focus('#wall-search', 'wall');
  if (key === 'a' && phase === 'ringing-in') return answerOldest;
  if (key === 'Escape' && RINGING.includes(phase)) return () => connectionStore.hangUp();
  if (key === 'H' && calling) return () => connectionStore.hangUp();
  if (key === 'c') return () => focus('#chat-input', 'side');
  if (!inCall) return null;
  switch (key) {
    case 'm':
      return () => mediaStore.toggleAudio();
    case 'v':
      return () => mediaStore.toggleVideo();
    case 's':
      return () => mediaStore.toggleScreenShare();
    case 'k':
      return () => connectionStore.hold();
    case 'p':
      return () => document.querySelector<HTMLElement>('[data-testid="swap"]')?.click();
    default:
      return null;
  }
}

function answerOldest(): void {
  connectionStore.subscribe(({ callers: [first] }) => {
    if (first) desk.answer(first.call);
  })();
}

/** Brings what is asked for to the front, also on a small screen, and writes there. */
function focus(selector: string, view: 'wall' | 'side'): void {
  desk.view = view;
  if (view === 'side') desk.side = 'chat';
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus());
}
