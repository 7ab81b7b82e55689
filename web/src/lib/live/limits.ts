// How much may wait in the browser's send buffer. Chromium refuses near 16 MiB; larger marks gain nothing.
export const channelHigh = 4 * 1024 * 1024;
export const channelLow = 1024 * 1024;
