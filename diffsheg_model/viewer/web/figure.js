// The character: a mesh with bones and blendshapes, set from named weights and rotations.

import { GLTFLoader, Quaternion, SkeletonHelper } from './vendor/three.js';
import { mix } from './track.js';

let file = null;  // fetched once for all figures

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
        object.frustumCulled = false;  // the bounding box is that of the bind pose
        if (object.morphTargetDictionary) this.meshes.push(object);
        if (object.material.name === 'trousers') fadeOut(object.material);
      }
    });
    this.helper = new SkeletonHelper(scene);
    this.helper.material.depthTest = false;
    this.helper.material.linewidth = 2;
    this.helper.visible = false;
    this.setNames([], []);
  }

  // Sets the order of the numbers that setFace and setBody get. Unknown names are left out.
  setNames(weightNames, jointNames) {
    // Weights and joints that are not in the new lists return to rest.
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

  // Sets the weights between two rows; see Track.at.
  setFace(between) {
    for (const { mesh, pairs } of this.#morphs) {
      for (const [target, index] of pairs) {
        mesh.morphTargetInfluences[target] = mix(between, index);
      }
    }
  }

  // Sets the rotations between two rows of quaternions x y z w, each along the shorter arc.
  setBody({ before, after, share }) {
    for (const { bone, index } of this.#joints) {
      bone.quaternion.fromArray(before, 4 * index);
      if (share > 0) bone.quaternion.slerp(this.#other.fromArray(after, 4 * index), share);
    }
  }

  // The present value of a weight; for tests and the browser's console.
  weight(name) {
    const mesh = this.meshes.find(({ morphTargetDictionary: known }) => name in known);
    return mesh?.morphTargetInfluences[mesh.morphTargetDictionary[name]];
  }

  #joints = [];
  #morphs = [];
  #other = new Quaternion();
}

// Fades the figure out below the hips, where the mesh ends, so that no edge is seen.
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
