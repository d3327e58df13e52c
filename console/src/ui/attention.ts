/** Makes itself heard and seen while a call rings: two soft tones by Web Audio, and the page's title. */

const PERIOD_MS = 2_400;
const TITLE_PERIOD_MS = 900;

/** Rings until the returned function is called. */
export function ring(): () => void {
  const audio = new AudioContext();
  const chime = () => {
    [659.3, 830.6].forEach((frequency, index) => tone(audio, frequency, audio.currentTime + 0.02 + index * 0.32));
  };
  chime();
  const timer = setInterval(chime, PERIOD_MS);
  return () => {
    clearInterval(timer);
    void audio.close();
  };
}

function tone(audio: AudioContext, frequency: number, start: number): void {
  const [oscillator, gain] = [audio.createOscillator(), audio.createGain()];
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.18, start + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.95);
}

/** Alternates the title until the returned function is called. */
export function flashTitle(words: string): () => void {
  const usual = document.title;
  const timer = setInterval(() => (document.title = document.title === usual ? words : usual), TITLE_PERIOD_MS);
  document.title = words;
  return () => {
    clearInterval(timer);
    document.title = usual;
  };
}
