// Images for a message: read, and made small enough that a chat stays a file that one can keep.
import { AppError } from '../../errors/app-error';
import { chatWords as words } from '../../messages/chat';

export const MOST_IMAGES = 8;
/** Models see less than this anyway. */
const LONGEST_SIDE = 1536;
/** What is smaller, and of a kind that engines read, stays as it is. */
const SMALL_ENOUGH = 700_000;

export const isImage = (file: File) => file.type.startsWith('image/');

const notAnImage = (name: string) =>
  new AppError({ code: 'not_an_image', message: words.box.notAnImage(name), hint: '', log: [] });

export async function fromFile(file: File): Promise<string> {
  return fitted(await readAsUrl(file), file.name);
}

function readAsUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(notAnImage(file.name));
    reader.readAsDataURL(file);
  });
}

/** The same image, at most so large. Engines read PNG and JPEG, so others become one of them. */
export async function fitted(url: string, name: string): Promise<string> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    throw notAnImage(name);
  }
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const readable = /^data:image\/(png|jpeg);/.test(url);
  if (scale === 1 && readable && url.length <= SMALL_ENOUGH) return url;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext('2d');
  if (!pen) throw notAnImage(name);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const png = canvas.toDataURL('image/png');
  if (png.length <= SMALL_ENOUGH) return png;
  // What shines through becomes white and not black.
  pen.globalCompositeOperation = 'destination-over';
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.88);
}
