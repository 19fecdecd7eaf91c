/** Whether a file is an image that a message can have, by its name. */
export const isImagePath = (path: string) => /\.(png|jpe?g|gif|webp|bmp)$/i.test(path);
