// What the gateway puts into the service worker, and what browsers have that TypeScript's library does not know yet.
declare const VERSION: string;
declare const FILES: string[];

declare class BarcodeDetector {
  constructor(options: { formats: string[] });
  static getSupportedFormats(): Promise<string[]>;
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
