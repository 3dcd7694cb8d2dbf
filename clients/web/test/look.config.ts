/** The page with a link that needs no media server, for pictures. Never what is served to members. */
import { fileURLToPath } from "node:url";
import { type Plugin, defineConfig, mergeConfig } from "vite";
import product from "../vite.config.js";

const link = fileURLToPath(new URL("support/fake-link.ts", import.meta.url));

const fakeLink: Plugin = {
  name: "fake-link",
  enforce: "pre",
  resolveId: (source, importer) => (source.endsWith("media/link.js") && importer?.endsWith("main.tsx") ? link : undefined),
};

export default mergeConfig(
  product,
  defineConfig({ root: fileURLToPath(new URL("..", import.meta.url)), plugins: [fakeLink], build: { outDir: "build/look" } }),
);
