/** Lines of text, both ways: over the channel of a call, over the link outside of one (docs/protocol.md §6, Chat). */

import { Cell, type Readable } from './cell';
import type { PeerId } from './crypto';
import { Chat, type ChatState, type Line, type Retention } from './chat';

export type { ChatMessage, ChatState, LineState, Retention } from './chat';

/** Chat. */
export interface ChatStore extends Readable<ChatState> {
  /** Adds a line, once: a second one of the same sender and id is ignored. The peer's lines count as unread. */
  addMessage(message: Line): void;
  /** Sets the text of the input. */
  setCurrentMessage(text: string): void;
  /** The person has seen everything, of this peer or of all. */
  resetUnreadCount(peer?: PeerId): void;
  /** The lines with one peer, or all, oldest first. */
  history(peer?: PeerId): readonly ChatState['messages'][number][];
  /**
   * Says a line (default: the current message, which is then emptied) to a peer (default: the one of the call). It is sent when there is
   * a way to the peer, and again until its receipt comes.
   *
   * @returns Its id, or null when there is nobody to say it to or the text is not 1…4,000 characters and at most 8,192 bytes.
   */
  send(text?: string, peer?: PeerId): string | null;
  /** How long lines are kept: till the end of the call, of the page, or so many days. */
  setRetention(retention: Retention): void;
  /** Lines that are said with one click. */
  setQuickTexts(texts: readonly string[]): void;
  /** Forgets the lines with one peer, or all, also what has not been delivered. */
  forget(peer?: PeerId): Promise<void>;
}

/** The store around it. */
export function createChatStore(chat: Chat): ChatStore {
  const { cell }: { cell: Cell<ChatState> } = chat;
  return {
    subscribe: cell.subscribe,
    addMessage: (message) => chat.add(message),
    setCurrentMessage: (currentMessage) => cell.set({ currentMessage }),
    resetUnreadCount: (peer) => chat.read(peer),
    history: (peer) => cell.value.messages.filter((each) => peer === undefined || each.peer === peer),
    send: (text, peer) => chat.say(text, peer),
    setRetention: (retention) => chat.setRetention(retention),
    setQuickTexts: (texts) => chat.setQuickTexts(texts),
    forget: (peer) => chat.forget(peer),
  };
}
