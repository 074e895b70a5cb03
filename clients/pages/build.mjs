// Builds backend_stub/pages/static: each folder src/NAME becomes NAME.js (of main.ts) and NAME.css
// (of style.css); what is vendored as it came, and its licences, are copied. `vendored.json` tells
// where each file comes from, with its hash.
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const OUT = "../../backend_stub/pages/static";
const COPIED = {
  "htmx.org": ["dist/htmx.min.js"],
  uplot: ["dist/uPlot.iife.min.js", "dist/uPlot.min.css"],
  "@picocss/pico": ["css/pico.min.css"],
};

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });

const files = {};
for (const [name, paths] of Object.entries(COPIED)) {
  for (const path of paths) {
    await cp(join("node_modules", name, path), join(OUT, basename(path)));
    files[basename(path)] = [name];
  }
}

for (const folder of await readdir("src")) {
  for (const [entry, kind] of [["main.ts", "js"], ["style.css", "css"]]) {
    const path = join("src", folder, entry);
    if (!existsSync(path)) continue;
    const built = await build({
      entryPoints: [path],
      outfile: join(OUT, `${folder}.${kind}`),
      bundle: true,
      minify: true,
      charset: "utf8",
      format: "iife",
      target: ["es2022", "chrome123", "firefox120", "safari17.5"],
      legalComments: "inline",
      metafile: true,
    });
    files[`${folder}.${kind}`] = packagesIn(Object.keys(built.metafile.inputs));
  }
}
for (const icon of await readdir("images")) {
  await cp(join("images", icon), join(OUT, icon));
  files[icon] = [];
}

const packages = [];
for (const name of [...new Set(Object.values(files).flat())].sort()) {
  const about = JSON.parse(await readFile(join("node_modules", name, "package.json"), "utf8"));
  const licence = `LICENSE.${name.replace(/^@/, "").replaceAll("/", "-")}.txt`;
  await writeFile(join(OUT, licence), await licenceOf(name));
  packages.push({ name, version: about.version, licence: about.license, licence_file: licence });
}
const listed = [];
for (const file of Object.keys(files).sort()) {
  const sha256 = createHash("sha256").update(await readFile(join(OUT, file))).digest("hex");
  listed.push({ file, sha256, packages: files[file] });
}
await writeFile(join(OUT, "vendored.json"), `${JSON.stringify({ packages, files: listed }, null, 2)}\n`);

function packagesIn(inputs) {
  const names = inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}

async function licenceOf(name) {
  const folder = join("node_modules", name);
  const found = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
  if (found === undefined) {
    const { license, author } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return `${name}: ${license}${author ? `, ${author.name ?? author}` : ""}\n`;
  }
  return `${(await readFile(join(folder, found), "utf8")).trim()}\n`;
}
