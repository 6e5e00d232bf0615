/** Of this package; a test holds it against package.json, which is not read at run time (bundlers leave it behind). */
export const version: string = '0.1.0'
