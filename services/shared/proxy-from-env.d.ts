// The types that the package does not bring.
declare module 'proxy-from-env' {
  /** The proxy's URL; '' where none is meant for this URL. */
  export function getProxyForUrl(url: string): string;
}
