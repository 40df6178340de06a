// Says yes or no for ears and hands: two rising tones and a short buzz, or a low one and three long ones.

/** @type {AudioContext | undefined} */
let audio;

/** Browsers give a page its voice only when a person touches it: called with every press. */
export function wakeAudio() {
  audio ??= new AudioContext();
  if (audio.state !== 'running') audio.resume().catch(() => undefined);
}

/** @param {number} pitch @param {number} from @param {number} seconds @param {OscillatorType} type */
function tone(pitch, from, seconds, type) {
  if (audio?.state !== 'running') return;
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  oscillator.type = type;
  oscillator.frequency.value = pitch;
  gain.gain.setValueAtTime(0.25, audio.currentTime + from);
  gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + from + seconds);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(audio.currentTime + from);
  oscillator.stop(audio.currentTime + from + seconds);
}

/** @param {'yes' | 'no' | 'unsure'} answer */
export function say(answer) {
  if (answer === 'yes') {
    tone(660, 0, 0.15, 'sine');
    tone(990, 0.12, 0.25, 'sine');
    navigator.vibrate?.(80);
    return;
  }
  tone(answer === 'no' ? 180 : 330, 0, 0.5, 'square');
  navigator.vibrate?.(answer === 'no' ? [250, 80, 250, 80, 250] : [150, 100, 150]);
}
