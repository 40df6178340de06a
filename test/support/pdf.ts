// A PDF as people see it, by the engine of Chrome: its pages, the text that can be copied from them, and the QR code on the first.
import { PDFiumLibrary } from '@hyzyla/pdfium';
import jsqr from 'jsqr';

export type SeenPdf = {
  pages: number;
  /** One line; words broken between lines are put together again. */
  text: string;
  /** What a camera reads on the page; undefined: nothing. */
  code: string | undefined;
  /** How bright the first page is between these edges in mm, 0 to 255 (of red): letters on a coloured ground make it brighter. */
  bright(left: number, top: number, right: number, bottom: number): number;
};

/** `zoom`: pixels a point; 1.5 is a page of A6 446 pixels wide, less than any phone shows. */
export async function look(pdf: Uint8Array, zoom = 1.5): Promise<SeenPdf> {
  const library = await PDFiumLibrary.init();
  const document = await library.loadDocument(pdf);
  const page = document.getPage(0);
  const text = page
    .getText()
    .replace(/\u200b(\r\n)?/g, '')
    .replace(/\s+/g, ' ');
  const { data, width, height } = await page.render({ scale: zoom, render: 'bitmap' });
  const code = jsqrOf(new Uint8ClampedArray(data), width, height)?.data;
  const pages = document.getPageCount();
  document.destroy();
  library.destroy();
  const bright: SeenPdf['bright'] = (...edges) => {
    const [left, top, right, bottom] = edges.map((mm) => Math.round((mm / 25.4) * 72 * zoom)) as [number, number, number, number];
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += data[4 * (y * width + x)]!;
    return sum / ((bottom - top) * (right - left));
  };
  return { pages, text, code, bright };
}

// CommonJS whose default export is one level deeper for TypeScript than for Node.
const jsqrOf = jsqr as unknown as typeof jsqr.default;
