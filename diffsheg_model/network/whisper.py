"""The export of Whisper's encoder (Radford et al., arXiv 2212.04356) to ONNX.

The graph maps a waveform to features; it contains the log-mel spectrogram too. Only the first
layers are kept, because they already represent the words independently of the speaker. The features
of the last kept layer are normalised over their channels (a LayerNorm without scale).
"""

import math
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from diffsheg_model.errors import InputError
from diffsheg_model.features.mel import mel_filters
from diffsheg_model.features.speech_encoder import SAMPLE_RATE, SpeechEncoderCard
from diffsheg_model.network.speech_export import export_encoder

_FFT = 400
_HOP = 160
_MAX_SAMPLES = 30 * SAMPLE_RATE
"""Samples of half a minute, the length that Whisper was trained on."""


_LICENCE = """MIT License

Copyright (c) 2022 OpenAI

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


class _LogMel(nn.Module):
    """Whisper's log-mel spectrogram by convolution, (1, n) -> (1, mels, n // 160)."""

    basis: Tensor
    filters: Tensor

    def __init__(self, mels: int) -> None:
        super().__init__()
        times = torch.arange(_FFT, dtype=torch.float64)
        angles = 2 * math.pi * torch.arange(_FFT // 2 + 1)[:, None] * times / _FFT
        window = 0.5 - 0.5 * torch.cos(2 * math.pi * times / _FFT)
        basis = torch.cat([torch.cos(angles), torch.sin(angles)]) * window
        self.register_buffer('basis', basis.float()[:, None])
        filters = torch.from_numpy(mel_filters(SAMPLE_RATE, mels, _FFT))
        self.register_buffer('filters', filters)

    def forward(self, samples: Tensor) -> Tensor:
        padded = functional.pad(samples[:, None], (_FFT // 2, _FFT // 2), mode='reflect')
        parts = functional.conv1d(padded, self.basis, stride=_HOP)[:, :, :-1]
        half = _FFT // 2 + 1
        power = parts[:, :half].square() + parts[:, half:].square()
        level = (self.filters @ power).clamp(min=1e-10).log10()
        # Levels more than 80 dB below the loudest are clipped.
        return (torch.maximum(level, level.max() - 8) + 4) / 4


class _Layer(nn.Module):
    """A pre-norm transformer layer. The bias of the keys is 0, because Whisper has none."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.attention_out = nn.Linear(dim, dim)
        self.ffn_norm = nn.LayerNorm(dim)
        self.ffn_in = nn.Linear(dim, 4 * dim)
        self.ffn_out = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv(self.attention_norm(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.attention_out(attended.transpose(1, 2).flatten(2))
        return x + self.ffn_out(functional.gelu(self.ffn_in(self.ffn_norm(x))))


class WhisperFeatures(nn.Module):
    """Samples (1, n) at 16 kHz, 400 <= n <= 480000, to features (1, ceil(n // 160 / 2), dim).

    Args:
        dim, heads: sizes of the layers.
        layers: number of layers.
        mels: bands of the spectrogram.
        positions: rows of the position table.
    """

    def __init__(
        self, dim: int, heads: int, layers: int, mels: int = 80, positions: int = 1500
    ) -> None:
        super().__init__()
        self.log_mel = _LogMel(mels)
        self.conv1 = nn.Conv1d(mels, dim, 3, padding=1)
        self.conv2 = nn.Conv1d(dim, dim, 3, padding=1, stride=2)
        self.positions = nn.Parameter(torch.zeros(positions, dim))
        self.layers = nn.ModuleList(_Layer(dim, heads) for _ in range(layers))

    def hidden(self, samples: Tensor) -> Tensor:
        """Return the output of the last kept layer, as in Whisper."""
        x = functional.gelu(self.conv1(self.log_mel(samples)))
        x = functional.gelu(self.conv2(x)).transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, samples: Tensor) -> Tensor:
        x = self.hidden(samples)
        return functional.layer_norm(x, x.shape[-1:])


def export_whisper(
    source: Path, folder: str | os.PathLike[str], layers: int = 2
) -> SpeechEncoderCard:
    """Export the first layers of a Whisper encoder, and compare them with torch.

    Args:
        source: folder of a Whisper model, in the format of CTranslate2 (model.bin) or of
            ``save_pretrained`` of transformers.
        folder: gets encoder.onnx, encoder.onnx.data and encoder.json, all or none.
        layers: number of layers to keep. 2 of the 4 of tiny.en followed captured lips best.

    Raises:
        InputError: the folder has no Whisper model, or the model has fewer layers.
    """
    binary = source / 'model.bin'
    network = (
        _from_ctranslate2(binary, layers) if binary.is_file() else _from_folder(source, layers)
    )
    dim = network.conv1.out_channels
    card = SpeechEncoderCard(
        name='whisper',
        dim=dim,
        min_samples=_FFT,
        max_samples=_MAX_SAMPLES,
        normalise=False,
        source=f'Whisper encoder, {dim} wide, first {layers} layers (OpenAI, MIT)',
    )
    export_encoder(network, card, folder, half_precision=True, licence=_LICENCE)
    return card


def _check_layers(wanted: int, found: int, source: Path) -> None:
    if not 1 <= wanted <= found:
        raise InputError(f'{source}: has {found} encoder layers; --layers must be 1..{found}')


def _from_folder(source: Path, layers: int) -> WhisperFeatures:
    """Read the format of transformers."""
    from transformers import WhisperModel

    try:
        encoder: Any = WhisperModel.from_pretrained(source, local_files_only=True).encoder
    except Exception as error:  # each library raises exceptions of its own
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise InputError(
            f'{source}: its weights cannot be loaded ({reason:.200}); download it again'
        ) from error
    config = encoder.config
    _check_layers(layers, config.encoder_layers, source)
    if config.encoder_ffn_dim != 4 * config.d_model:
        raise InputError(f'{source}: feed-forward of {config.encoder_ffn_dim} is not Whisper')
    network = WhisperFeatures(
        config.d_model,
        config.encoder_attention_heads,
        layers,
        config.num_mel_bins,
        config.max_source_positions,
    )
    with torch.no_grad():
        network.conv1.load_state_dict(encoder.conv1.state_dict())
        network.conv2.load_state_dict(encoder.conv2.state_dict())
        network.positions.copy_(encoder.embed_positions.weight)
        kept: Any = network.layers
        for mine, theirs in zip(kept, encoder.layers, strict=False):
            attention = theirs.self_attn
            keyless = torch.zeros(config.d_model)
            mine.qkv.weight.copy_(
                torch.cat(
                    [part.weight for part in (attention.q_proj, attention.k_proj, attention.v_proj)]
                )
            )
            mine.qkv.bias.copy_(torch.cat([attention.q_proj.bias, keyless, attention.v_proj.bias]))
            mine.attention_out.load_state_dict(attention.out_proj.state_dict())
            mine.attention_norm.load_state_dict(theirs.self_attn_layer_norm.state_dict())
            mine.ffn_norm.load_state_dict(theirs.final_layer_norm.state_dict())
            mine.ffn_in.load_state_dict(theirs.fc1.state_dict())
            mine.ffn_out.load_state_dict(theirs.fc2.state_dict())
    return network.eval()


_CTRANSLATE2_LAYER = {
    'attention_norm.weight': 'self_attention/layer_norm/gamma',
    'attention_norm.bias': 'self_attention/layer_norm/beta',
    'qkv.weight': 'self_attention/linear_0/weight',
    'qkv.bias': 'self_attention/linear_0/bias',
    'attention_out.weight': 'self_attention/linear_1/weight',
    'attention_out.bias': 'self_attention/linear_1/bias',
    'ffn_norm.weight': 'ffn/layer_norm/gamma',
    'ffn_norm.bias': 'ffn/layer_norm/beta',
    'ffn_in.weight': 'ffn/linear_0/weight',
    'ffn_in.bias': 'ffn/linear_0/bias',
    'ffn_out.weight': 'ffn/linear_1/weight',
    'ffn_out.bias': 'ffn/linear_1/bias',
}


def _from_ctranslate2(path: Path, layers: int) -> WhisperFeatures:
    values = read_ctranslate2(path)
    found = sum(name.endswith('ffn/linear_0/weight') for name in values if 'encoder/' in name)
    try:
        mels = values['encoder/conv1/weight'].shape[1]
        positions, dim = values['encoder/position_encodings/encodings'].shape
        heads = int(values['encoder/num_heads'])
        _check_layers(layers, found, path)
        network = WhisperFeatures(dim, heads, layers, mels, positions)
        state = {
            f'conv{n}.{kind}': values[f'encoder/conv{n}/{kind}']
            for n in (1, 2)
            for kind in ('weight', 'bias')
        }
        state['positions'] = values['encoder/position_encodings/encodings']
        for layer in range(layers):
            for mine, theirs in _CTRANSLATE2_LAYER.items():
                state[f'layers.{layer}.{mine}'] = values[f'encoder/layer_{layer}/{theirs}']
    except KeyError as error:
        raise InputError(f'{path}: is not a Whisper model, it lacks {error}') from error
    tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in state.items()}
    network.load_state_dict({**network.state_dict(), **tensors})
    return network.eval()


def read_ctranslate2(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a CTranslate2 model.bin, version 6, by name.

    Layout, little endian (CTranslate2, python/ctranslate2/specs/model_spec.py): uint32 version,
    text, uint32 revision, uint32 count. For each array: name, uint8 rank, uint32 dimensions,
    uint8 type, uint32 bytes, numbers. A text begins with its uint16 length and ends with a 0,
    which the length includes.

    Raises:
        InputError: the file is cut, quantised or something else.
    """
    types = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
    content = path.read_bytes()
    at = 0

    def number(kind: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(f'<{kind}', content, at)
        at += struct.calcsize(kind)
        return int(value)

    def text() -> str:
        nonlocal at
        length = number('H')
        value = content[at : at + length - 1].decode()
        at += length
        return value

    try:
        if number('I') != 6:
            raise InputError(f'{path}: is not a CTranslate2 model of version 6')
        text(), number('I')
        arrays = {}
        for _ in range(number('I')):
            name = text()
            shape = [number('I') for _ in range(number('B'))]
            kind = np.dtype(types[number('B')])
            size = number('I')
            array = np.frombuffer(content, kind, size // kind.itemsize, at).reshape(shape)
            arrays[name] = array
            at += size
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f'{path}: is cut, or not a CTranslate2 model; download it again'
        ) from error
    return arrays
