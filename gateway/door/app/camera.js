// Reads QR codes from the camera: with the browser's own detector where it works, else with a library that is fetched only then.

const LOOK_EVERY_MS = 120;
/** What the library looks at, in pixels: enough for a QR of 45 modules that fills a third of the picture. */
const LONGEST_SIDE = 720;

/** @typedef {(video: HTMLVideoElement) => Promise<string | undefined>} Reader */

/** @returns {Promise<Reader | undefined>} */
async function nativeReader() {
  if (!('BarcodeDetector' in window)) return undefined;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => /** @type {string[]} */ ([]));
  if (!formats.includes('qr_code')) return undefined;
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  return async (video) => (await detector.detect(video))[0]?.rawValue;
}

/** @returns {Promise<Reader>} */
async function libraryReader() {
  const { decodeQR } = await import('./qr-decode.js');
  const canvas = document.createElement('canvas');
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  return async (video) => {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (!canvas.width) return undefined;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    try {
      return decodeQR({ data, width, height });
    } catch {
      return undefined; // no code in this picture
    }
  };
}

/** @returns {Promise<Reader>} */
async function createReader() {
  let native = await nativeReader();
  /** @type {Reader | undefined} */
  let library;
  return async (video) => {
    if (native) {
      const [text] = await native(video).then(
        (found) => [found],
        () => [null],
      );
      if (text !== null) return text;
      // Some phones have the detector but not the service behind it.
      native = undefined;
    }
    library ??= await libraryReader();
    return library(video);
  };
}

/** Keeps the screen lit while the page is seen. Browsers take that back whenever it is not. */
function keepAwake() {
  /** @type {WakeLockSentinel | undefined} */
  let lock;
  const ask = async () => {
    if (!document.hidden) lock = await navigator.wakeLock?.request('screen').catch(() => undefined);
  };
  document.addEventListener('visibilitychange', ask);
  void ask();
  return () => {
    document.removeEventListener('visibilitychange', ask);
    void lock?.release();
  };
}

/**
 * Shows the camera in `video` and hands every code that is seen to `seen`, one after the other.
 * @param {HTMLVideoElement} video
 * @param {(text: string) => Promise<void>} seen
 * @returns {Promise<{ stop(): void }>}
 * @throws DOMException where there is no camera, or it may not be used
 */
export async function startCamera(video, seen) {
  // Browsers have no cameras for pages that came without TLS.
  if (!navigator.mediaDevices) throw new DOMException('this page came without TLS', 'NotSupportedError');
  const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: 'environment', width: { ideal: 1280 } } });
  video.srcObject = stream;
  await video.play();
  const look = await createReader();
  const letSleep = keepAwake();
  let running = true;
  void (async () => {
    while (running) {
      const blind = document.hidden || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
      const text = blind ? undefined : await look(video).catch(() => undefined);
      if (text && running) await seen(text);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  return {
    stop() {
      running = false;
      letSleep();
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}
