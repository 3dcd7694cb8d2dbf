/** The address of a worker's bundled file. */
declare module "*?worker&url" {
  const address: string;
  export default address;
}
