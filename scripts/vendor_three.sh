#!/usr/bin/env bash
# Make diffsheg_model/viewer/web/vendor/three.js again: the parts of three.js that the viewer uses,
# as one minified module, with three.js' licence beside it. Users need no node; run this only to
# take another version or another part of three.js. Needs node and npm.
#
#   scripts/vendor_three.sh
set -euo pipefail

three=0.187.0
esbuild=0.28.2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
vendor=$root/diffsheg_model/viewer/web/vendor

command -v npm >/dev/null || { echo 'error: npm is missing; install Node.js' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund "three@$three" "esbuild@$esbuild"
cat >three.js <<'END'
export {
  CanvasTexture, DirectionalLight, HemisphereLight, NeutralToneMapping, PCFShadowMap,
  PerspectiveCamera, PMREMGenerator, Quaternion, Scene, SkeletonHelper, SRGBColorSpace, Vector3,
  WebGLRenderer,
} from 'three';
export { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
export { OrbitControls } from 'three/addons/controls/OrbitControls.js';
export { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js';
END
npx --no-install esbuild three.js --bundle --minify --format=esm --target=es2022 \
    --legal-comments=none --banner:js="/* three.js $three, MIT licence: see three.LICENSE.txt */" \
    --outfile="$vendor/three.js"
cp node_modules/three/LICENSE "$vendor/three.LICENSE.txt"
