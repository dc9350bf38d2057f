"""UniEG, the denoising network of DiffSHEG (arXiv 2401.04747, section 3.2).

Expression and gesture have a branch each, over shared audio. Information flows one way, from the
predicted clean expression to the gesture; `NetworkConfig.flow` has the ablations. Module names are
those of the published checkpoints.

Shapes: B batch, T frames, D latent, C channels (gesture, then expression).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffsheg_model.config import DiffusionConfig, NetworkConfig
from diffsheg_model.sampling.schedule import full_alphas_cumprod

SPEECH_LATENT = 128
POSITION_ROWS = 600


def _embed_steps(t: Tensor, dim: int) -> Tensor:
    """Return the sinusoidal embedding of timesteps (B,) -> (B, dim): cosines, then sines."""
    half = dim // 2
    exponents = torch.arange(half, dtype=torch.float32, device=t.device) / half
    angles = t.float()[:, None] * torch.exp(-math.log(10000.0) * exponents)
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)


def _mlp(in_dim: int, out_dim: int) -> nn.Sequential:
    """Return the MLP that embeds a timestep or a speaker."""
    return nn.Sequential(nn.Linear(in_dim, out_dim), nn.SiLU(), nn.Linear(out_dim, out_dim))


def _zeroed(module: nn.Linear) -> nn.Linear:
    nn.init.zeros_(module.weight)
    nn.init.zeros_(module.bias)
    return module


class _Positions(nn.Module):
    """Sinusoidal positions: sines in even, cosines in odd channels; 600 rows, repeated twice."""

    pe: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        rows = torch.arange(POSITION_ROWS, dtype=torch.float32)[:, None]
        rates = torch.exp(torch.arange(0, dim, 2).float() * (-math.log(10000.0) / dim))
        table = torch.zeros(POSITION_ROWS, dim)
        table[:, 0::2] = torch.sin(rows * rates)
        table[:, 1::2] = torch.cos(rows * rates)
        self.register_buffer('pe', table.repeat(2, 1)[None])

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pe[:, : x.shape[1]]


class _Modulation(nn.Module):
    """Stylisation: scale and shift from the embedding, then a projection that starts at zero."""

    def __init__(self, dim: int, embed_dim: int) -> None:
        super().__init__()
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embed_dim, 2 * dim))
        self.norm = nn.LayerNorm(dim)
        # Index 1 is the published dropout of rate 0; the parameters' names count it.
        self.out_layers = nn.Sequential(nn.SiLU(), nn.Identity(), _zeroed(nn.Linear(dim, dim)))

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:
        modulation = self.emb_layers(embedding)[:, None]
        scale, shift = modulation[..., : h.shape[-1]], modulation[..., h.shape[-1] :]
        return self.out_layers(self.norm(h) * (1 + scale) + shift)


class _LinearAttention(nn.Module):
    """Efficient self-attention (Shen et al., arXiv 1812.01243), O(T) in time, modulated."""

    def __init__(self, dim: int, embed_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.proj_out = _Modulation(dim, embed_dim)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        batch, frames, dim = x.shape
        normed = self.norm(x)

        def heads(projected: Tensor) -> Tensor:
            return projected.view(batch, frames, self.num_heads, -1).transpose(1, 2)

        query = heads(self.query(normed)).softmax(dim=-1)
        key = heads(self.key(normed)).softmax(dim=-2)
        context = key.transpose(-1, -2) @ heads(self.value(normed))
        attended = (query @ context).transpose(1, 2).reshape(batch, frames, dim)
        return x + self.proj_out(attended, embedding)


class _FeedForward(nn.Module):
    def __init__(self, dim: int, embed_dim: int, inner_dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(dim, inner_dim)
        self.linear2 = _zeroed(nn.Linear(inner_dim, dim))
        self.proj_out = _Modulation(dim, embed_dim)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        inner = self.linear2(functional.gelu(self.linear1(x)))
        return x + self.proj_out(inner, embedding)


class _AudioLayer(nn.Module):
    """One attention layer on the mel itself, conditioned on the diffusion step only."""

    def __init__(self, config: NetworkConfig, embed_dim: int) -> None:
        super().__init__()
        self.sa_block = _LinearAttention(config.mel_dim, embed_dim, config.num_heads)
        # 1024 wide at every published size, independent of the branches' feed-forward.
        self.ffn = _FeedForward(config.mel_dim, embed_dim, 1024)

    def forward(self, mel: Tensor, embedding: Tensor) -> Tensor:
        # The published residual surrounds an absent projection, so its input is doubled.
        return self.ffn(self.sa_block(2 * mel, embedding), embedding)


class _Neighbours(nn.Module):
    """Depthwise convolution over time, then a projection that starts at zero; not published."""

    def __init__(self, dim: int, frames: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.depthwise = nn.Conv1d(dim, dim, frames, padding=frames // 2, groups=dim)
        self.out = _zeroed(nn.Linear(dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        filtered = self.depthwise(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return x + self.out(functional.silu(filtered))


class _BranchLayer(nn.Module):
    def __init__(self, config: NetworkConfig, condition_dim: int, embed_dim: int) -> None:
        super().__init__()
        dim = config.latent_dim
        fused = dim + condition_dim
        self.feat_proj = nn.Sequential(
            nn.LayerNorm(fused),
            nn.Linear(fused, 2 * dim),
            nn.SiLU(),
            nn.Linear(2 * dim, dim),
        )
        self.neighbours = _Neighbours(dim, config.conv_frames) if config.conv_frames else None
        self.sa_block = _LinearAttention(dim, embed_dim, config.num_heads)
        self.ffn = _FeedForward(dim, embed_dim, config.ff_dim)

    def forward(
        self,
        x: Tensor,
        condition: Tensor,
        embedding: Tensor,
        null: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        """Apply the layer; ``null`` is a mask (B,) of rows without condition and a null vector."""
        fused = torch.cat([x, condition], dim=-1)
        if null is not None:
            rows, vector = null
            fused = torch.where(rows[:, None, None], vector, fused)
        x = x + self.feat_proj(fused)
        if self.neighbours is not None:
            x = self.neighbours(x)
        return self.ffn(self.sa_block(x, embedding), embedding)


class _Branch(nn.Module):
    """A denoiser over the frames; the second one takes the first one's clean motion as `extra`."""

    def __init__(self, config: NetworkConfig, channels: int, extra_dim: int) -> None:
        super().__init__()
        dim, embed_dim, audio_dim = config.latent_dim, config.embedding_dim, 2 * config.mel_dim
        condition_dim = audio_dim + (SPEECH_LATENT if config.speech_dim else 0) + extra_dim
        if config.classifier_free:
            self.null_cond_emb = nn.Parameter(torch.randn(1, dim + condition_dim))
        self.PE = _Positions(dim)
        self.joint_embed = nn.Linear(channels, dim)
        self.audio_proj = nn.Linear(audio_dim, audio_dim)
        if config.speech_dim:
            self.hubert_encoder = nn.Sequential(
                nn.Conv1d(config.speech_dim, SPEECH_LATENT, 3, padding=1, bias=False),
                nn.BatchNorm1d(SPEECH_LATENT),
                nn.GELU(),
                nn.Conv1d(SPEECH_LATENT, SPEECH_LATENT, 3, padding=1, bias=False),
            )
        self.time_embed = _mlp(dim, embed_dim)
        self.pid_embed = _mlp(config.num_speakers, embed_dim)
        self.temporal_decoder_blocks = nn.ModuleList(
            _BranchLayer(config, condition_dim, embed_dim) for _ in range(config.num_layers)
        )
        self.out = nn.Linear(dim, channels)
        self.latent_dim = dim

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        audio: Tensor,
        speech: Tensor | None,
        speaker: Tensor,
        extra: Tensor | None,
        null_mask: Tensor | None,
    ) -> Tensor:
        embedding = self.time_embed(_embed_steps(t, self.latent_dim)) + self.pid_embed(speaker)
        conditions = [self.audio_proj(audio)]
        if speech is not None:
            conditions.append(self.hubert_encoder(speech.transpose(1, 2)).transpose(1, 2))
        if extra is not None:
            conditions.append(extra)
        condition = torch.cat(conditions, dim=-1)
        null = None if null_mask is None else (null_mask, self.null_cond_emb)
        h = self.PE(self.joint_embed(x))
        for layer in self.temporal_decoder_blocks:
            h = layer(h, condition, embedding, null)
        return self.out(h)


class UniEG(nn.Module):
    """Predicts the noise in a window of motion.

    Args:
        config: sizes.
        diffusion: the noise schedule, needed for the first branch's x0.
        detach_flow: True keeps the second branch's loss out of the first branch, as published.
            Matters in training only.
    """

    sqrt_recip: Tensor
    sqrt_recip_minus_one: Tensor

    def __init__(
        self,
        config: NetworkConfig,
        diffusion: DiffusionConfig | None = None,
        detach_flow: bool = True,
    ) -> None:
        super().__init__()
        self.config = config
        self.detach_flow = detach_flow
        embed_dim = config.embedding_dim
        self.time_embed = _mlp(config.latent_dim, embed_dim)
        self.encoder_aud = _AudioLayer(config, embed_dim)
        expression, gesture = config.expression_dim, config.gesture_dim
        to_gesture = config.flow == 'expression_to_gesture'
        to_expression = config.flow == 'gesture_to_expression'
        self.encoder_exp = _Branch(config, expression, gesture if to_expression else 0)
        self.encoder_ges = _Branch(config, gesture, expression if to_gesture else 0)
        alphas_cumprod = torch.from_numpy(full_alphas_cumprod(diffusion or DiffusionConfig()))
        self.register_buffer('sqrt_recip', (1 / alphas_cumprod).sqrt().float(), persistent=False)
        self.register_buffer(
            'sqrt_recip_minus_one',
            (1 / alphas_cumprod - 1).sqrt().float(),
            persistent=False,
        )

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        mel: Tensor,
        speech: Tensor | None,
        speaker: Tensor,
        guidance_scale: Tensor | float | None = None,
        null_mask: Tensor | None = None,
    ) -> Tensor:
        """Return the predicted noise (B, T, C).

        Args:
            x: (B, T, C) noised motion, normalised; gesture channels, then expression.
            t: (B,) int64 diffusion steps, 0..num_steps - 1.
            mel: (B, T, mel_dim).
            speech: (B, T, speech_dim), or None where the model has no speech encoder.
            speaker: (B, num_speakers) one-hot.
            guidance_scale: scale of classifier-free guidance, for sampling; None for none. Each
                branch runs with and without condition. The gesture is conditioned on one x0, that
                of the guided expression.
            null_mask: (B,) bool, True for rows that train without condition.
        """
        gesture = x[..., : self.config.gesture_dim]
        expression = x[..., self.config.gesture_dim :]
        embedding = self.time_embed(_embed_steps(t, self.config.latent_dim))
        audio = torch.cat([mel, self.encoder_aud(mel, embedding)], dim=-1)
        shared = (t, audio, speech, speaker)

        def expression_noise(extra: Tensor | None) -> Tensor:
            output = self._guided(
                self.encoder_exp, expression, shared, extra, guidance_scale, null_mask
            )
            return self._noise(expression, t, output)

        def gesture_noise(extra: Tensor | None) -> Tensor:
            output = self._guided(
                self.encoder_ges, gesture, shared, extra, guidance_scale, null_mask
            )
            return self._noise(gesture, t, output)

        if self.config.flow == 'gesture_to_expression':
            eps_gesture = gesture_noise(None)
            eps_expression = expression_noise(self._clean(gesture, t, eps_gesture))
        else:
            eps_expression = expression_noise(None)
            seen = self.config.flow == 'expression_to_gesture'
            eps_gesture = gesture_noise(
                self._clean(expression, t, eps_expression) if seen else None
            )
        return torch.cat([eps_gesture, eps_expression], dim=-1)

    def _noise(self, x: Tensor, t: Tensor, output: Tensor) -> Tensor:
        """Return the noise that follows from a branch's output."""
        if self.config.output == 'noise':
            return output
        # recip = 1 / sqrt(abar), recip_minus_one = sqrt(1 - abar) / sqrt(abar)
        recip = self.sqrt_recip[t][:, None, None]
        recip_minus_one = self.sqrt_recip_minus_one[t][:, None, None]
        if self.config.output == 'clean':
            return (recip * x - output) / recip_minus_one
        return (recip_minus_one * x + output) / recip

    def _clean(self, x: Tensor, t: Tensor, eps: Tensor) -> Tensor:
        """Return the clean motion that the predicted noise implies."""
        clean = (
            self.sqrt_recip[t][:, None, None] * x
            - self.sqrt_recip_minus_one[t][:, None, None] * eps
        )
        return clean.detach() if self.detach_flow else clean

    @staticmethod
    def _guided(
        branch: nn.Module,
        x: Tensor,
        shared: tuple[Tensor, Tensor, Tensor | None, Tensor],
        extra: Tensor | None,
        guidance_scale: Tensor | float | None,
        null_mask: Tensor | None,
    ) -> Tensor:
        if guidance_scale is None:
            return branch(x, *shared, extra, null_mask)
        # One pass over a doubled batch: conditioned rows, then null rows.
        doubled = [None if part is None else torch.cat([part, part]) for part in (x, *shared)]
        extra = None if extra is None else torch.cat([extra, extra])
        batch = x.shape[0]
        null_mask = torch.arange(2 * batch, device=x.device) >= batch
        eps = branch(*doubled, extra, null_mask)
        conditioned, null = eps[:batch], eps[batch:]
        return null + guidance_scale * (conditioned - null)
