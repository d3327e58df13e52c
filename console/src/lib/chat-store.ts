/** Lines of text, both ways, over the data channel of a call. */

import { Cell, type Readable } from './cell';
import type { PeerId } from './crypto';
import { isChatText, randomId } from './message';

/** A line of chat. */
export interface ChatMessage {
  /** 16 random bytes, base64url, made by its sender. */
  readonly id: string;
  /** With whom. */
  readonly peer: PeerId;
  /** Whether we said it. */
  readonly own: boolean;
  /** Who said it, for people. */
  readonly name: string;
  readonly text: string;
  /** When it was said or came, Unix milliseconds. */
  readonly at: number;
  /** Ours only: the peer has it. */
  readonly delivered: boolean;
}

/** State of `chatStore`. */
export interface ChatState {
  /** Oldest first; at most the last 1,000. */
  readonly messages: readonly ChatMessage[];
  /** What is in the input. */
  readonly currentMessage: string;
  /** The peer's lines since the last `resetUnreadCount`. */
  readonly unreadCount: number;
}

/** Most lines kept. */
const MOST_MESSAGES = 1_000;

/** Sends a line to the peer of the call; false: there is no call to chat in. */
export type ChatSender = (id: string, text: string) => { peer: PeerId; name: string } | null;

/** Chat. */
export interface ChatStore extends Readable<ChatState> {
  /** Adds a line, once: a second one of the same sender and id is ignored. The peer's lines count as unread. */
  addMessage(message: ChatMessage): void;
  /** Sets the text of the input. */
  setCurrentMessage(text: string): void;
  /** The person has seen everything. */
  resetUnreadCount(): void;
  /** The lines with one peer, or all, oldest first. */
  history(peer?: PeerId): readonly ChatMessage[];
  /**
   * Sends a line (default: the current message, which is then emptied) to the peer of the call.
   *
   * @returns Its id, or null when there is no confirmed call or the text is not 1…4,000 characters and at most 8,192 bytes.
   */
  send(text?: string): string | null;
}

/** The store, and the side that calls talk to. */
export function createChatStore(sender: ChatSender): { store: ChatStore; delivered(id: string, peer: PeerId): void } {
  const cell = new Cell<ChatState>({ messages: [], currentMessage: '', unreadCount: 0 });

  const addMessage = (message: ChatMessage) => {
    const { messages, unreadCount } = cell.value;
    const { id, own, peer } = message;
    if (messages.some((each) => each.id === id && each.own === own && each.peer === peer)) return;
    cell.set({
      messages: [...messages, message].slice(-MOST_MESSAGES),
      unreadCount: own ? unreadCount : unreadCount + 1,
    });
  };

  const send = (text?: string) => {
    const line = text ?? cell.value.currentMessage;
    const id = randomId();
    const peer = isChatText(line) ? sender(id, line) : null;
    if (!peer) return null;
    addMessage({ id, own: true, text: line, at: Date.now(), delivered: false, ...peer });
    if (text === undefined) cell.set({ currentMessage: '' });
    return id;
  };

  const delivered = (id: string, peer: PeerId) => {
    const messages = cell.value.messages.map((each) =>
      each.own && each.id === id && each.peer === peer ? { ...each, delivered: true } : each,
    );
    cell.set({ messages });
  };

  const store: ChatStore = {
    subscribe: cell.subscribe,
    addMessage,
    setCurrentMessage: (currentMessage) => cell.set({ currentMessage }),
    resetUnreadCount: () => cell.set({ unreadCount: 0 }),
    history: (peer) => cell.value.messages.filter((each) => peer === undefined || each.peer === peer),
    send,
  };
  return { store, delivered };
}
