/** The diagram as a file: BPMN, SVG, PNG. */
import { download } from '../page/elements.js';

const PNG_SCALE = 2;
const LARGEST = 8192; // pixels: beyond, browsers draw nothing

export async function exportBpmn(modeler, name) {
  const { xml } = await modeler.saveXML({ format: true });
  download(new Blob([xml], { type: 'application/bpmn+xml' }), `${name}.bpmn`);
}

export async function exportSvg(modeler, name) {
  const { svg } = await modeler.saveSVG();
  download(new Blob([svg], { type: 'image/svg+xml' }), `${name}.svg`);
}

export async function exportPng(modeler, name) {
  const { svg } = await modeler.saveSVG();
  download(await pngOf(svg), `${name}.png`);
}

/** The picture at twice its size, on white, smaller when it would be too large for a browser. */
export async function pngOf(svg) {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(PNG_SCALE, LARGEST / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no PNG'))), 'image/png'));
  } finally {
    URL.revokeObjectURL(address);
  }
}
