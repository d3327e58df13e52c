import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import {
  chatStore,
  connectionStore,
  controlStore,
  fileStore,
  mediaStore,
  pairingStore,
  statisticsStore,
  trustStore,
  wallStore,
  webSocketStore,
  type KioskStores,
} from './lib';
import { desk } from './ui/desk.svelte';
import { preferred, speak } from './ui/language.svelte';

declare global {
  interface Window {
    /** The stores of this page, for integrators and tests. */
    kiosk: KioskStores;
  }
}

window.kiosk = {
  webSocketStore,
  connectionStore,
  mediaStore,
  chatStore,
  fileStore,
  controlStore,
  wallStore,
  pairingStore,
  trustStore,
  statisticsStore,
};

// The first word is said in the right language.
await speak(desk.preferences.language ?? preferred(navigator.languages));
mount(App, { target: document.querySelector('#app')! });
