/** The product's encryption in a page of its own, for the browser test. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root: here,
  base: "./",
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "../../build/loop",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    rolldownOptions: { input: `${here}loop.html` },
  },
});
