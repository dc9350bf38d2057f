// The scene that the figures stand in: lights, background and cameras.

import {
  CanvasTexture, DirectionalLight, HemisphereLight, NeutralToneMapping, OrbitControls,
  PCFShadowMap, PerspectiveCamera, PMREMGenerator, RoomEnvironment, Scene, SRGBColorSpace,
  Vector3, WebGLRenderer,
} from './vendor/three.js';

const LEAST_PIXEL_RATIO = 0.5;
const BACKGROUND = ['#eef1f4', '#b7c3cf'];  // above, below
// Metres: width of one figure with moving arms, distance between two, height of the picture.
const ALONE_M = 1.4, APART_M = 1.2, FRAME_M = 1.17;

// Positions and targets of the cameras, metres; the figure faces +z.
export const CAMERAS = {
  half: { from: [0, 1.34, 2.75], to: [0, 1.27, 0.03] },
  portrait: { from: [0, 1.56, 1.5], to: [0, 1.52, 0.05] },
  side: { from: [1.75, 1.4, 2.1], to: [0, 1.27, 0.03] },
};
export const FIRST_CAMERA = 'half';

export class Stage {
  constructor(canvas) {
    this.renderer = new WebGLRenderer({
      canvas, antialias: true, powerPreference: 'high-performance',
    });
    this.renderer.toneMapping = NeutralToneMapping;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.scene = new Scene();
    this.scene.background = gradient(...BACKGROUND);
    this.#light();
    // Without a graphics card the processor draws, and needs its time for other work.
    this.#software = isSoftware(this.renderer.getContext());
    if (this.#software) this.renderer.setPixelRatio(LEAST_PIXEL_RATIO);
    else this.#beautify(Math.min(devicePixelRatio, 2));
    this.camera = new PerspectiveCamera(24, 1, 0.1, 20);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enablePan = false;
    this.controls.minDistance = 0.6;
    this.controls.maxDistance = 6;
    // Only the front is modelled, and only down to the hips.
    Object.assign(this.controls, { minPolarAngle: 1.1, maxPolarAngle: 1.66, minAzimuthAngle: -1.2, maxAzimuthAngle: 1.2 });
    this.setCamera(FIRST_CAMERA);
  }

  // Shows figures side by side, the first on the left.
  show(figures) {
    for (const figure of this.#figures) this.scene.remove(figure.scene, figure.helper);
    this.#figures = figures;
    figures.forEach((figure, index) => {
      figure.scene.position.x = (index - (figures.length - 1) / 2) * APART_M;
      this.scene.add(figure.scene, figure.helper);
    });
    this.setCamera(this.#camera);
  }

  showBones(visible) { for (const figure of this.#figures) figure.helper.visible = visible; }

  setCamera(name) {
    this.#camera = name;
    const { from, to } = CAMERAS[name];
    const target = new Vector3(...to);
    this.camera.position.copy(new Vector3(...from).sub(target).multiplyScalar(this.#farther()).add(target));
    this.controls.target.copy(target);
    this.controls.update();
  }

  // Fits the picture into the window; margin: pixels that the panels cover.
  resize(width, height, margin = { right: 0, bottom: 0 }) {
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.setViewOffset(width, height, margin.right / 2, margin.bottom / 2, width, height);
    const before = this.#farther();
    this.#free = { width: Math.max(1, width - margin.right), height: Math.max(1, height - margin.bottom) };
    this.#height = height;
    const target = this.controls.target;
    this.camera.position.sub(target).multiplyScalar(this.#farther() / before).add(target);
  }

  // Draws pictures of a fixed size from now on, in full quality.
  setSize(width, height) {
    this.#beautify(1);
    this.resize(width, height);
  }

  // Lowers the quality to draw faster; each call lowers it further.
  lighten() {
    if (this.#software) return;  // the quality is at its lowest already
    if (this.renderer.shadowMap.enabled) {
      this.renderer.shadowMap.enabled = false;
      this.scene.traverse((object) => { if (object.material) object.material.needsUpdate = true; });
    } else {
      const less = this.renderer.getPixelRatio() * 0.75;
      this.renderer.setPixelRatio(Math.max(LEAST_PIXEL_RATIO, less));
    }
  }

  // Draws, and returns the pixels: width * height * 4 bytes RGBA, from the lower left.
  picture() {
    this.#draw();
    const context = this.renderer.getContext();
    const { drawingBufferWidth: width, drawingBufferHeight: height } = context;
    const pixels = new Uint8Array(width * height * 4);
    context.readPixels(0, 0, width, height, context.RGBA, context.UNSIGNED_BYTE, pixels);
    return pixels.buffer;
  }

  // Draws and returns true, or returns false to keep drawing below half of the processor's time.
  render() {
    const beginMs = performance.now();
    if (this.#software && beginMs < this.#restUntilMs) return false;
    this.#draw();
    if (this.#software) {
      const context = this.renderer.getContext();
      // Reading a pixel waits until drawing is complete, so that its time is measured.
      context.readPixels(0, 0, 1, 1, context.RGBA, context.UNSIGNED_BYTE, new Uint8Array(4));
      const endMs = performance.now();
      this.#restUntilMs = endMs + (endMs - beginMs);
    }
    return true;
  }

  #draw() {
    this.controls.update();
    this.renderer.render(this.scene, this.camera);
  }

  #software = false;
  #restUntilMs = 0;
  #figures = [];
  #camera = FIRST_CAMERA;
  #free = { width: 1, height: 1 };
  #height = 1;

  // Factor on the camera's distance at which all figures fit between the panels.
  #farther() {
    const across_m = ALONE_M + APART_M * Math.max(0, this.#figures.length - 1);
    const across = (across_m / FRAME_M) * (this.#free.height / this.#free.width);
    return (this.#height / this.#free.height) * Math.max(1, across);
  }

  // Adds shadows and the indirect light of a room.
  #beautify(pixelRatio) {
    this.renderer.setPixelRatio(pixelRatio);
    this.renderer.shadowMap.enabled = true;
    this.scene.environment = new PMREMGenerator(this.renderer)
      .fromScene(new RoomEnvironment(), 0.04).texture;
    this.scene.environmentIntensity = 0.42;
    this.#sky.intensity = 0.65;
  }

  // The warm colour from below imitates light that skin scatters.
  #sky = new HemisphereLight('#eef4ff', '#dcb9a2', 1.9);

  #light() {
    this.scene.add(this.#sky);
    const key = new DirectionalLight('#fff0de', 2.3);
    key.position.set(1.3, 2.7, 2.1);
    key.target.position.set(0, 1.35, 0);
    key.castShadow = true;
    key.shadow.mapSize.set(2048, 2048);
    Object.assign(key.shadow.camera, { left: -1.6, right: 1.6, top: 1, bottom: -1, near: 0.5, far: 6 });
    key.shadow.bias = -0.0004;
    key.shadow.normalBias = 0.004;
    key.shadow.radius = 5;
    const fill = new DirectionalLight('#dbe7ff', 0.55);
    fill.position.set(-2.2, 1.7, 1.6);
    // Lights hair and shoulders from behind.
    const rim = new DirectionalLight('#ffffff', 1.6);
    rim.position.set(-1.4, 2.3, -1.8);
    this.scene.add(key, key.target, fill, rim);
  }
}

function gradient(above, below) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 4, height: 256 });
  const context = canvas.getContext('2d');
  const fade = context.createLinearGradient(0, 0, 0, canvas.height);
  fade.addColorStop(0, above);
  fade.addColorStop(1, below);
  context.fillStyle = fade;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  return texture;
}

// True if there is no graphics card and the processor draws.
function isSoftware(context) {
  const info = context.getExtension('WEBGL_debug_renderer_info');
  const name = context.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : context.RENDERER);
  return /swiftshader|llvmpipe|software/i.test(name);
}
