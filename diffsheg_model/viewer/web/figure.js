// The character: its bones and blendshapes follow a source.

import { GLTFLoader, Quaternion, SkeletonHelper } from './vendor/three.js';
import { mix } from './track.js';

let file = null;  // fetched once, however many figures there are

export async function loadFigure() {
  file ??= fetchFile();
  try {
    return new Figure((await new GLTFLoader().parseAsync(await file, '')).scene);
  } catch (error) {
    file = null;
    throw new Error(`the figure cannot be loaded: ${error.message}`);
  }
}

async function fetchFile() {
  const answer = await fetch(new URL('avatar.glb', import.meta.url));
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.arrayBuffer();
}

export class Figure {
  constructor(scene) {
    this.scene = scene;
    this.bones = new Map();
    this.meshes = [];
    scene.traverse((object) => {
      if (object.isBone) this.bones.set(object.name, object);
      if (object.isMesh) {
        object.castShadow = object.receiveShadow = true;
        object.frustumCulled = false;  // the bind pose's box says nothing of the present one
        if (object.morphTargetDictionary) this.meshes.push(object);
        if (object.material.name === 'trousers') fadeOut(object.material);
      }
    });
    this.helper = new SkeletonHelper(scene);
    this.helper.material.depthTest = false;
    this.helper.material.linewidth = 2;
    this.helper.visible = false;
    this.follow([], []);
  }

  // Whose numbers `face` and `body` get: names in their order. Unknown names are left out.
  follow(weightNames, jointNames) {
    // What moved before and does not any more goes to rest.
    for (const { morphTargetInfluences } of this.meshes) morphTargetInfluences.fill(0);
    for (const bone of this.bones.values()) bone.quaternion.identity();
    this.#joints = jointNames.map((name, index) => ({ bone: this.bones.get(name), index }))
      .filter(({ bone }) => bone);
    this.#morphs = this.meshes.map((mesh) => ({
      mesh,
      pairs: weightNames.map((name, index) => [mesh.morphTargetDictionary[name], index])
        .filter(([target]) => target !== undefined),
    }));
  }

  // Weights between two rows; see Track.at.
  face(between) {
    for (const { mesh, pairs } of this.#morphs) {
      for (const [target, index] of pairs) {
        mesh.morphTargetInfluences[target] = mix(between, index);
      }
    }
  }

  // Rotations between two rows of quaternions x y z w, each bone on the shorter way.
  body({ before, after, share }) {
    for (const { bone, index } of this.#joints) {
      bone.quaternion.fromArray(before, 4 * index);
      if (share > 0) bone.quaternion.slerp(this.#other.fromArray(after, 4 * index), share);
    }
  }

  // What is shown now, by name; for tests and the curious.
  weight(name) {
    const mesh = this.meshes.find(({ morphTargetDictionary: known }) => name in known);
    return mesh?.morphTargetInfluences[mesh.morphTargetDictionary[name]];
  }

  #joints = [];
  #morphs = [];
  #other = new Quaternion();
}

// The figure ends below the hips: there it fades, so that no cut is seen.
function fadeOut(material) {
  material.transparent = true;
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace('void main() {', 'varying float heightM;\nvoid main() {')
      .replace('#include <project_vertex>',
        '#include <project_vertex>\nheightM = (modelMatrix * vec4(transformed, 1.0)).y;');
    shader.fragmentShader = shader.fragmentShader
      .replace('void main() {', 'varying float heightM;\nvoid main() {')
      .replace('#include <opaque_fragment>',
        '#include <opaque_fragment>\ngl_FragColor.a *= smoothstep(0.64, 0.8, heightM);');
  };
}
