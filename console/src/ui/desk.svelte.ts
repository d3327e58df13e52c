/** What is open on the operator's desk, and what can be done from anywhere on the page. */

import { CallError, connectionStore, webSocketStore, type PeerId } from '../lib';
import { loadPreferences, savePreferences, type Preferences } from './preferences';
import { language, preferred, speak } from './language.svelte';
import { failureWords } from './words';

/** Which dialog is open. */
export type Open =
  | { readonly what: 'settings' | 'help' | 'pairing' | 'trust' | 'quick-texts' }
  | { readonly what: 'restart'; readonly peer: PeerId; readonly name: string }
  | { readonly what: 'picture'; readonly file: string };

/** What fills a small screen. */
export type View = 'wall' | 'call' | 'side';
/** What the side shows. */
export type Side = 'chat' | 'kiosk' | 'statistics';

/** How many callers may wait at once. */
const CALL_WAITING = 8;

class Desk {
  preferences: Preferences = $state.raw(loadPreferences(location.search, storage()));
  open: Open | null = $state.raw(null);
  view: View = $state('wall');
  side: Side = $state('chat');
  /** Whom the side is about while there is no call. */
  selected: PeerId | null = $state(null);
  /** What could not be done, as a sentence. */
  problem: string | null = $state(null);

  /** Signs in under the name and the room of the preferences. */
  connect(): void {
    const { name, room } = this.preferences;
    // Its sentence is in the store's state.
    webSocketStore.connect({ name, room, callWaiting: CALL_WAITING }).catch(() => undefined);
  }

  async speak(): Promise<void> {
    const wanted = this.preferences.language ?? preferred(navigator.languages);
    if (wanted !== language()) await speak(wanted);
  }

  save(changed: Preferences): void {
    this.preferences = changed;
    savePreferences(changed, storage());
    void this.speak();
    this.connect();
  }

  call(peer: PeerId): void {
    void this.attempt(() => connectionStore.call(peer));
  }

  /** Answers who rings; a call that goes on is ended. */
  answer(caller: string): void {
    void this.attempt(() => connectionStore.answer(caller));
  }

  /** Opens the conversation with somebody. */
  select(peer: PeerId | null, side: Side = 'chat'): void {
    this.selected = peer;
    this.side = side;
    this.view = peer === null ? 'wall' : 'side';
  }

  /** Brings the call to the front. */
  toCall(peer: PeerId): void {
    this.selected = peer;
    this.view = 'call';
    this.side = 'chat';
  }

  /** What cannot be done is said; that a call ended meanwhile is on the page already. */
  async attempt(action: () => Promise<unknown>): Promise<void> {
    this.problem = null;
    try {
      await action();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.code !== 'ended') this.problem = failureWords(error);
    }
  }
}

/** Where preferences are kept; null: the browser keeps nothing. */
function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

export const desk = new Desk();
