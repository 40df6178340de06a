export function directLoopback(env: Record<string, string | undefined>): void;
export function forgetOthers(env: Record<string, string | undefined>): void;
export function outliveReaders(): void;
