// Constants of the zip format (PKWARE APPNOTE) that archives of stored entries need.

export const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 } as const;
export const CENTRAL_ENTRY = { signature: 0x02014b50, bytes: 46 } as const;
export const END = { signature: 0x06054b50, bytes: 22 } as const;
export const END64 = { signature: 0x06064b50, bytes: 56 } as const;
export const END64_LOCATOR = { signature: 0x07064b50, bytes: 20 } as const;

/** Extra field with sizes and offsets that exceed 32 bits. */
export const ZIP64_EXTRA = 1;
/** A 32-bit field with this value is in the zip64 extra field instead. */
export const IN_ZIP64 = 0xffffffff;
export const COUNT_IN_ZIP64 = 0xffff;

/** Flag bits of an entry. */
export const ENCRYPTED = 1;
export const UTF8_NAME = 1 << 11;
