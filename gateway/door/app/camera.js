// Reads QR codes from the camera: with the browser's own detector where it has one, else with a library that is fetched only then.

const LOOK_EVERY_MS = 120;
/** What the library looks at, in pixels: enough for a QR of 45 modules that fills a third of the picture. */
const LONGEST_SIDE = 720;

/** @returns {Promise<(video: HTMLVideoElement) => Promise<string | undefined>>} */
async function createReader() {
  if (
    'BarcodeDetector' in window &&
    (await BarcodeDetector.getSupportedFormats().catch(() => /** @type {string[]} */ ([]))).includes('qr_code')
  ) {
    const detector = new BarcodeDetector({ formats: ['qr_code'] });
    return async (video) => (await detector.detect(video))[0]?.rawValue;
  }

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

/**
 * Shows the camera in `video` and hands every code that is seen to `seen`, one after the other.
 * @param {HTMLVideoElement} video
 * @param {(text: string) => Promise<void>} seen
 * @returns {Promise<{ stop(): void }>}
 * @throws DOMException where there is no camera, or it may not be used
 */
export async function startCamera(video, seen) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: 'environment', width: { ideal: 1280 } } });
  video.srcObject = stream;
  await video.play();
  const look = await createReader();
  let running = true;
  void (async () => {
    while (running) {
      const text = document.hidden ? undefined : await look(video).catch(() => undefined);
      if (text && running) await seen(text);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  return {
    stop() {
      running = false;
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}
