import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { chatStore, connectionStore, mediaStore, webSocketStore, type KioskStores } from './lib';

declare global {
  interface Window {
    /** The stores of this page, for integrators and tests. */
    kiosk: KioskStores;
  }
}

window.kiosk = { webSocketStore, connectionStore, mediaStore, chatStore };

mount(App, { target: document.querySelector('#app')! });
