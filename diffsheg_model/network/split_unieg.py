"""UniEG split by how often its inputs change: an exact restructuring for inference.

`Tables` depend on steps and speakers only. `WindowConditions` depend on the audio of a window too.
A `BranchStep` is the rest, computed at every call, one per branch. Of the published network's 155 M
parameters 92 M are in the tables. All parts share the parameters of their `UniEG`. They sum in
another order, so results differ by rounding alone.

The first branch does not depend on the second, so its denoising steps can run ahead of the other
branch's, or in parallel.

Shapes: B batch, T frames, N steps, L layers, D latent, M mel bands, E channels of the other branch.
"""

import functools
import math
import operator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffsheg_model.bundle import BRANCHES
from diffsheg_model.network.unieg import (
    UniEG,
    _Branch,
    _BranchLayer,
    _embed_steps,
    _FeedForward,
    _LinearAttention,
    _Modulation,
)


def table_names() -> list[str]:
    """Return the names of the outputs of `Tables`."""
    return ['audio_modulation', *(f'{branch}_modulation' for branch in BRANCHES), 'levels']


def condition_names() -> list[str]:
    """Return the names of the outputs of `WindowConditions`."""
    return [f'{branch}_{part}' for branch in BRANCHES for part in ('condition', 'statistics')]


class Tables(nn.Module):
    """The part of the network that depends on steps and speakers alone."""

    def __init__(self, network: UniEG) -> None:
        super().__init__()
        self.network = network

    def forward(self, t: Tensor, speaker: Tensor) -> tuple[Tensor, ...]:
        """Return scales and shifts of every modulation, with their LayerNorms' weights applied.

        Args:
            t: (N,) int64 diffusion steps.
            speaker: (B, num_speakers) one-hot.

        Returns:
            audio_modulation (N, 2, 2 M): scale, then shift, for the audio layer's attention and
            feed-forward. expression_modulation, gesture_modulation (N, B, 2 L, 2 D): the same for
            each layer of a branch. levels (N, 2): sqrt(1 / abar), sqrt(1 / abar - 1).
        """
        network = self.network
        steps = _embed_steps(t, network.config.latent_dim)
        layer = network.encoder_aud
        audio = _modulations(
            [layer.sa_block.proj_out, layer.ffn.proj_out], network.time_embed(steps)
        )
        branches = []
        for branch in (network.encoder_exp, network.encoder_ges):
            embedding = branch.time_embed(steps)[:, None] + branch.pid_embed(speaker)[None]
            blocks = [
                block.proj_out for layer in _layers(branch) for block in (layer.sa_block, layer.ffn)
            ]
            branches.append(_modulations(blocks, embedding))
        levels = torch.stack([network.sqrt_recip[t], network.sqrt_recip_minus_one[t]], dim=-1)
        return audio, *branches, levels


class WindowConditions(nn.Module):
    """The part of the network that depends on a window's audio, for all steps in one batch."""

    def __init__(self, network: UniEG) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, audio_modulation: Tensor, mel: Tensor, speech: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return the terms of every layer's fusion that come from the condition.

        Args:
            audio_modulation: (N, 2, 2 M) of `Tables`.
            mel: (B, T, M).
            speech: (B, T, speech_dim), or None where the model has no speech encoder.

        Returns:
            For expression, then gesture: condition (N, B, T, L 2 D) is the first Linear of each
            layer's fusion applied to the condition. statistics (N, B, T, 2) are the condition's
            mean and its sum of squared deviations, for the fusion's LayerNorm.
        """
        network = self.network
        heard = self._heard(audio_modulation, mel)
        outputs = []
        for branch in (network.encoder_exp, network.encoder_ges):
            first, bands = network.config.latent_dim, mel.shape[-1]
            weights = torch.cat([_normed_weight(layer) for layer in _layers(branch)])
            # Mel and speech are the same at every step; only the audio layer differs. split()
            # would be exported as a sequence, which TensorRT does not support.
            of_mel, of_heard = (
                branch.audio_proj.weight[:, :bands],
                branch.audio_proj.weight[:, bands:],
            )
            still = _linear(mel, of_mel, branch.audio_proj.bias)
            width = branch.audio_proj.out_features
            weight = weights[:, first : first + width]
            condition = _linear(still, weight)
            parts = [still + _linear(heard, of_heard)]
            if speech is not None:
                encoded = branch.hubert_encoder(speech.transpose(1, 2)).transpose(1, 2)
                after = first + width
                condition = condition + _linear(
                    encoded, weights[:, after : after + encoded.shape[-1]]
                )
                parts.append(encoded.expand(heard.shape[0], -1, -1, -1))
            outputs += [
                condition + _linear(heard, weight @ of_heard),
                _statistics(torch.cat(parts, dim=-1)),
            ]
        return tuple(outputs)

    def _heard(self, modulation: Tensor, mel: Tensor) -> Tensor:
        """Return the audio layer's output, (N, B, T, M)."""
        layer = self.network.encoder_aud
        # The published residual surrounds an absent projection, so its input is doubled.
        doubled = 2 * mel
        attended = _attend(layer.sa_block, doubled)[None]
        h = doubled + _modulate(layer.sa_block.proj_out, attended, modulation[:, None, 0])
        inner = _feed_forward(layer.ffn, h)
        return h + _modulate(layer.ffn.proj_out, inner, modulation[:, None, 1])


class BranchStep(nn.Module):
    """One branch at one denoising step, with the rows of the tables for this step.

    Args:
        network: the network with the branch.
        name: 'expression' or 'gesture'.
    """

    def __init__(self, network: UniEG, name: str) -> None:
        super().__init__()
        self.network = network
        self.name = name

    def forward(
        self,
        x: Tensor,
        levels: Tensor,
        modulation: Tensor,
        condition: Tensor,
        statistics: Tensor,
        other: Tensor | None = None,
        guidance_scale: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the predicted noise and the clean motion that it implies, (B, T, C) each.

        Args:
            x: (B, T, C) the branch's channels of the noised motion, normalised.
            levels: (B, 2) of `Tables`, at the step.
            modulation: (B, 2 L, 2 D) of `Tables`, at the step.
            condition: (B, T, L 2 D) of `WindowConditions`, at the step.
            statistics: (B, T, 2) of `WindowConditions`, at the step.
            other: (B, T, E) the other branch's clean motion, if this branch is conditioned on it.
            guidance_scale: (1,), or None for a model without guidance.
        """
        encoders = {'expression': self.network.encoder_exp, 'gesture': self.network.encoder_ges}
        branch = encoders[self.name]
        fusion = _Fusion(branch, condition, statistics, other)
        output = _guided(branch, fusion, x, modulation, guidance_scale)
        recip, recip_minus_one = levels[:, None, :1], levels[:, None, 1:]
        if self.network.config.output == 'clean':
            return (recip * x - output) / recip_minus_one, output
        if self.network.config.output == 'velocity':
            output = (recip_minus_one * x + output) / recip
        return output, recip * x - recip_minus_one * output


def _layers(branch: _Branch) -> list[_BranchLayer]:
    return cast(list[_BranchLayer], list(branch.temporal_decoder_blocks))


def _modulations(blocks: list[_Modulation], embedding: Tensor) -> Tensor:
    """Return a and b of norm(h) (1 + scale) + shift = h' a + b, with h' = h normalised.

    Shapes: (..., E) -> (..., blocks, 2 D).
    """
    rows = []
    for block in blocks:
        dim = block.norm.normalized_shape[0]
        modulation = block.emb_layers(embedding)
        scale, shift = 1 + modulation[..., :dim], modulation[..., dim:]
        rows.append(torch.cat([block.norm.weight * scale, block.norm.bias * scale + shift], -1))
    return torch.stack(rows, dim=-2)


def _modulate(block: _Modulation, h: Tensor, modulation: Tensor) -> Tensor:
    """Apply the block to h (..., T, D), with its row of the table, (..., 2 D)."""
    dim = h.shape[-1]
    modulation = modulation.unsqueeze(-2)
    normed = functional.layer_norm(h, (dim,), eps=block.norm.eps)
    projection = cast(nn.Linear, block.out_layers[2])
    modulated = normed * modulation[..., :dim] + modulation[..., dim:]
    return _linear(functional.silu(modulated), projection.weight, projection.bias)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply a Linear to rows; engines fuse the bias only into products with two axes."""
    rows = functional.linear(x.reshape(-1, x.shape[-1]), weight, bias)
    return rows.view(*x.shape[:-1], -1)


def _linear_plus(x: Tensor, weight: Tensor, rest: Tensor) -> Tensor:
    """Apply a Linear with another bias in every row, as one product: (..., out)."""
    rows = torch.addmm(rest.reshape(-1, rest.shape[-1]), x.reshape(-1, x.shape[-1]), weight.T)
    return rows.view(*x.shape[:-1], -1)


def _attend(block: _LinearAttention, x: Tensor) -> Tensor:
    """Apply efficient attention without its modulation; query, key and value are one matrix."""
    batch, frames, dim = x.shape
    heads = block.num_heads
    projections = (block.query, block.key, block.value)
    weight = torch.cat([projection.weight for projection in projections])
    bias = torch.cat([projection.bias for projection in projections])
    joined = _linear(block.norm(x), weight, bias)
    # The key has time last, because its softmax is over time.
    query = joined[..., :dim].reshape(batch, frames, heads, -1).transpose(1, 2).softmax(dim=-1)
    key = joined[..., dim : 2 * dim].reshape(batch, frames, heads, -1).permute(0, 2, 3, 1)
    value = joined[..., 2 * dim :].reshape(batch, frames, heads, -1).transpose(1, 2)
    context = key.softmax(dim=-1) @ value
    return (query @ context).transpose(1, 2).reshape(batch, frames, dim)


def _feed_forward(block: _FeedForward, x: Tensor) -> Tensor:
    """Apply a feed-forward without its modulation."""
    inner = _linear(x, block.linear1.weight, block.linear1.bias)
    # GELU in the form that engines recognise as one operation at every opset.
    inner = inner * (1 + torch.erf(inner / math.sqrt(2))) * 0.5
    return _linear(inner, block.linear2.weight, block.linear2.bias)


def _fusion_parts(layer: _BranchLayer) -> tuple[nn.LayerNorm, nn.Linear, nn.Linear]:
    norm, first, _, last = layer.feat_proj
    return cast(nn.LayerNorm, norm), cast(nn.Linear, first), cast(nn.Linear, last)


def _normed_weight(layer: _BranchLayer) -> Tensor:
    """Return the fusion's first Linear times its LayerNorm's weight, (2 D, fused)."""
    norm, linear, _ = _fusion_parts(layer)
    return linear.weight * norm.weight


def _statistics(x: Tensor) -> Tensor:
    """Return mean and sum of squared deviations over the channels, (..., 2)."""
    mean = x.mean(dim=-1, keepdim=True)
    return torch.cat([mean, (x - mean).square().sum(dim=-1, keepdim=True)], dim=-1)


def _total(parts: list[Tensor]) -> Tensor:
    return functools.reduce(operator.add, parts)


class _Fusion:
    """A branch's fusions, with the terms of the condition and of the other branch prepared.

    A fusion begins with LayerNorm over a concatenation and a Linear. Let w be the Linear's weight
    times the norm's::

        W LN([x, c]) = (w_x x + w_c c - mean w 1) / deviation + bias

    Mean and deviation of the whole follow from those of the parts.
    """

    def __init__(
        self, branch: _Branch, condition: Tensor, statistics: Tensor, other: Tensor | None
    ) -> None:
        layers = _layers(branch)
        self._weights = [_normed_weight(layer) for layer in layers]
        self._dim = branch.latent_dim
        width = self._weights[0].shape[1] - self._dim - (0 if other is None else other.shape[-1])
        # (channels, mean, squared deviations) of every part except the layer's own input.
        self._parts = [(width, statistics[..., :1], statistics[..., 1:])]
        if other is not None:
            own = _statistics(other)
            self._parts.append((other.shape[-1], own[..., :1], own[..., 1:]))
            weight = torch.cat([weight[:, self._dim + width :] for weight in self._weights])
            condition = condition + _linear(other, weight)
        inner = 2 * self._dim
        self._shares = [
            condition[..., inner * index : inner * (index + 1)] for index in range(len(layers))
        ]

    def __call__(self, layer: _BranchLayer, index: int, x: Tensor) -> Tensor:
        norm, first, last = _fusion_parts(layer)
        weight = self._weights[index]
        own = _statistics(x)
        parts = [(self._dim, own[..., :1], own[..., 1:]), *self._parts]
        total = weight.shape[1]
        mean = _total([width * part for width, part, _ in parts]) / total
        # Deviations from the common mean: those within each part, and those of the parts' means.
        squares = _total([own + width * (part - mean).square() for width, part, own in parts])
        deviation = torch.rsqrt(squares / total + norm.eps)
        inner = _linear_plus(x, weight[:, : self._dim], self._shares[index]) * deviation
        # The terms of mean and bias are one product with two columns.
        columns = torch.cat([-mean * deviation, torch.ones_like(mean)], dim=-1)
        bias = first.weight @ norm.bias + first.bias
        rest = torch.stack([weight.sum(dim=1), bias], dim=1)
        inner = functional.silu(_linear_plus(columns, rest, inner))
        return _linear(inner, last.weight, last.bias)


def _guided(
    branch: _Branch,
    fusion: _Fusion,
    x: Tensor,
    modulation: Tensor,
    guidance_scale: Tensor | None,
) -> Tensor:
    """Return a branch's output; guidance doubles the batch: conditioned rows, then null rows."""
    batch = x.shape[0]
    h = branch.PE(_linear(x, branch.joint_embed.weight, branch.joint_embed.bias))
    if guidance_scale is not None:
        h = torch.cat([h, h])
        modulation = torch.cat([modulation, modulation])
    for index, layer in enumerate(_layers(branch)):
        if guidance_scale is None:
            h = h + fusion(layer, index, h)
        else:
            conditioned, null = h[:batch], h[batch:]
            # The null vector replaces the whole input, so what it gives is the same everywhere.
            nothing = layer.feat_proj(branch.null_cond_emb)
            h = torch.cat([conditioned + fusion(layer, index, conditioned), null + nothing])
        if layer.neighbours is not None:
            h = layer.neighbours(h)
        attended = _attend(layer.sa_block, h)
        h = h + _modulate(layer.sa_block.proj_out, attended, modulation[:, 2 * index])
        inner = _feed_forward(layer.ffn, h)
        h = h + _modulate(layer.ffn.proj_out, inner, modulation[:, 2 * index + 1])
    output = _linear(h, branch.out.weight, branch.out.bias)
    if guidance_scale is None:
        return output
    conditioned, null = output[:batch], output[batch:]
    return null + guidance_scale * (conditioned - null)
