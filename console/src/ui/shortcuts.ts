/** Single keys, unless something is being written (WCAG 2.1.4: they can be turned off in the settings). */

import { connectionStore, mediaStore, type Phase } from '../lib';

const ringing: readonly Phase[] = ['ringing-in', 'ringing-out', 'connecting'];

/** Acts on a key. */
export function shortcut(event: KeyboardEvent, phase: Phase, answer: () => void): void {
  const { key, target, ctrlKey, altKey, metaKey, repeat } = event;
  const writing = target instanceof HTMLElement && target.closest('input, select, textarea, dialog, [contenteditable]');
  if (writing || ctrlKey || altKey || metaKey || repeat) return;
  const inCall = phase === 'in-call';
  const act = ((): (() => unknown) | null => {
    if (phase === 'ringing-in' && key === 'a') return answer;
    if (key === 'Escape' && ringing.includes(phase)) return () => connectionStore.hangUp();
    if (key === 'H' && (inCall || ringing.includes(phase))) return () => connectionStore.hangUp();
    if (!inCall) return null;
    if (key === 'm') return () => mediaStore.toggleAudio();
    if (key === 'v') return () => mediaStore.toggleVideo();
    if (key === 's') return () => mediaStore.toggleScreenShare();
    if (key === 'c') return () => document.querySelector<HTMLElement>('#chat-input')?.focus();
    return null;
  })();
  if (!act) return;
  event.preventDefault();
  act();
}
