"""The Lightning module: training step of UniEG, validation, optimiser and schedule."""

import math
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Timer
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from diffsheg_model.config import NetworkConfig
from diffsheg_model.errors import InputError
from diffsheg_model.network.unieg import UniEG
from diffsheg_model.sampling.schedule import full_alphas_cumprod, make_schedule
from diffsheg_model.training.losses import clean_from_epsilon, motion_losses, noised
from diffsheg_model.training.settings import TrainingSettings

NULL_SHARE = 0.2
"""Share of a batch that trains without condition (unieg.md: the first 20 %)."""

PROGRESS_EVERY = 20
"""Steps between updates of the elapsed time, which all processes share for the learning rate."""


class UniEGModule(L.LightningModule):
    """UniEG with its losses.

    Args:
        settings: settings of the run.
        network: sizes, channels included.
        still: (C,) bool, channels that never move.
    """

    abar: Tensor
    ignored: Tensor
    still: Tensor

    def __init__(self, settings: TrainingSettings, network: NetworkConfig, still: Tensor) -> None:
        super().__init__()
        self.settings = settings
        self.network = UniEG(network, settings.diffusion, settings.run.detach_flow)
        self._frozen = self._freeze(settings.optimiser.learns)
        abar = torch.from_numpy(full_alphas_cumprod(settings.diffusion)).float()
        self.register_buffer('abar', abar, persistent=False)
        self.register_buffer('ignored', torch.zeros_like(still), persistent=False)
        self.register_buffer('still', still, persistent=False)
        self._progress = 0.0

    def _freeze(self, learns: str) -> list[nn.Module]:
        """Freeze all but the branch that learns, and return the frozen parts."""
        branch = {'expression': 'encoder_exp', 'gesture': 'encoder_ges'}.get(learns)
        if branch is None:
            return []
        frozen = [part for name, part in self.network.named_children() if name != branch]
        for part in frozen:
            part.requires_grad_(False)
        return frozen

    def train(self, mode: bool = True) -> 'UniEGModule':
        """Set the mode; frozen parts stay in eval mode and keep their batch statistics."""
        super().train(mode)
        for part in self._frozen:
            part.eval()
        return self

    def ignore_still_channels(self) -> None:
        """Set the weights of still gesture channels to 0 in a new network.

        Their noise is hard to predict and would use up a small network. Weights of 0 stay 0,
        because they get no gradient, and a deviation of 0 keeps these channels out of the motion.
        Still channels of the expression are not ignored: the gesture branch sees them.
        """
        gestures = self.settings.motion_format.gesture_dim
        rows = self.still[:gestures]
        with torch.no_grad():
            self.network.encoder_ges.joint_embed.weight[:, rows] = 0
            self.network.encoder_ges.out.weight[rows] = 0
            self.network.encoder_ges.out.bias[rows] = 0
        self.find_ignored_channels()

    def find_ignored_channels(self) -> None:
        """Find the still channels that the network ignores."""
        gestures = self.settings.motion_format.gesture_dim
        weights = self.network.encoder_ges
        free = weights.joint_embed.weight.eq(0).all(dim=0) & weights.out.weight.eq(0).all(dim=1)
        self.ignored[:gestures] = free & self.still[:gestures]

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Return the loss for newly drawn steps and noise; raise InputError if it is not finite."""
        motion = batch['motion']
        steps = self._draw_steps(len(motion))
        null = None
        if self.settings.network.classifier_free:
            rows = torch.arange(len(motion), device=motion.device)
            null = rows < NULL_SHARE * len(motion)
        terms = self._terms(batch, steps, torch.randn_like(motion), null)
        if not torch.isfinite(terms['loss']):
            raise InputError(self._blame(batch, batch_idx, terms))
        for name, value in terms.items():
            self.log(f'train/{name}', value, prog_bar=name == 'loss')
        self.log('learning_rate', self.optimizers().param_groups[0]['lr'])  # type: ignore
        return terms['loss']

    def _draw_steps(self, count: int) -> Tensor:
        levels = len(self.abar)
        if not self.settings.run.stratified_steps:
            return torch.randint(levels, (count,), device=self.device)
        spread = torch.arange(count, device=self.device) + torch.rand(count, device=self.device)
        spread = spread[torch.randperm(count, device=self.device)] / count
        return (spread * levels).long().clamp(max=levels - 1)

    def _terms(
        self, batch: dict[str, Tensor], steps: Tensor, noise: Tensor, null: Tensor | None
    ) -> dict[str, Tensor]:
        motion, abar = batch['motion'], self.abar[steps]
        noise = noise.masked_fill(self.ignored, 0)
        noisy = noised(motion, noise, abar)
        predicted = self.network(
            noisy, steps, batch['mel'], batch.get('speech'), batch['speaker'], null_mask=null
        )
        return motion_losses(
            predicted,
            noise,
            noisy,
            motion,
            abar,
            batch['mask'] * ~self.ignored,
            batch.get('semantic'),
            self.settings.loss,
        )

    def _blame(self, batch: dict[str, Tensor], batch_idx: int, terms: dict[str, Tensor]) -> str:
        """Return one line that names step, batch and the field that is not finite."""
        where = f'training stopped at step {self.global_step}, batch {batch_idx}: '
        for name in ('motion', 'mel', 'speech', 'semantic'):
            if name in batch and not torch.isfinite(batch[name]).all():
                bad = ~torch.isfinite(batch[name]).flatten(1).all(dim=1)
                row = int(bad.nonzero()[0, 0])
                take, start = int(batch['take'][row]), int(batch['start'][row])
                path = self._take_path(take)
                return f'{where}{name} of {path} is not finite near frame {start}'
        term = next(name for name, value in terms.items() if not torch.isfinite(value))
        return (
            f'{where}loss {term} is {terms[term].item()} though the data is finite; lower '
            'optimiser.learning_rate or use precision 32-true'
        )

    def _take_path(self, take: int) -> str:
        windows = getattr(self.trainer.train_dataloader, 'dataset', None)
        takes = getattr(windows, 'takes', None)
        return str(takes[take].path) if takes else f'take {take}'

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """Log the loss on fixed noise, and the correlation of a sample with the true motion."""
        motion = batch['motion']
        count = len(motion)
        generator = torch.Generator().manual_seed(batch_idx)
        noise = torch.randn(motion.shape, generator=generator).to(motion)
        steps = (torch.arange(count, device=self.device) * len(self.abar)) // count
        for name, value in self._terms(batch, steps, noise, None).items():
            self.log(f'val/{name}', value, batch_size=count, sync_dist=True)
        if batch_idx > 0:
            return
        sample = self.sample(batch, noise.flip(0))
        format_ = self.settings.motion_format
        mask = batch['mask'][:, None, :].expand_as(motion).bool()
        correlation = _correlations(sample, motion, mask)
        parts = {
            'gesture_r': correlation[: format_.gesture_dim],
            'face_r': correlation[format_.gesture_dim :],
        }
        if 'jawOpen' in format_.weight_names:
            first = format_.channels - len(format_.weight_names)
            jaw = first + format_.weight_names.index('jawOpen')
            parts['jaw_r'] = correlation[jaw : jaw + 1]
        for name, values in parts.items():
            self.log(f'val/{name}', values.nanmean().nan_to_num(), batch_size=count, sync_dist=True)
        # Ratio of the sample's movement to that of the true motion, over moving channels.
        moves = motion.std(dim=(0, 1)) > 0.1
        spread = (sample.std(dim=(0, 1)) / motion.std(dim=(0, 1)))[moves].mean()
        self.log('val/spread', spread, batch_size=count, sync_dist=True)

    @torch.no_grad()
    def sample(self, batch: dict[str, Tensor], noise: Tensor) -> Tensor:
        """Sample normalised motion (B, T, C) by DDIM from ``noise`` (arXiv 2010.02502, eta 0)."""
        schedule = make_schedule(self.settings.diffusion)
        x = noise.masked_fill(self.ignored, 0)
        for index in reversed(range(len(schedule))):
            steps = torch.full((len(x),), int(schedule.timesteps[index]), device=x.device)
            epsilon = self.network(x, steps, batch['mel'], batch.get('speech'), batch['speaker'])
            clean = clean_from_epsilon(x, epsilon, self.abar[steps])
            before = schedule.alpha_cumprod_before(index)
            x = math.sqrt(before) * clean + math.sqrt(1 - before) * epsilon
        return x

    def configure_optimizers(self) -> Any:
        """Return Adam or AdamW with a learning rate that changes every step."""
        optimiser = self.settings.optimiser
        parameters = [p for p in self.parameters() if p.requires_grad]
        if optimiser.name == 'adamw':
            # Weight decay applies to matrices only, not to biases and the scales of norms.
            groups: list[dict[str, Any]] = [
                {'params': [p for p in parameters if p.ndim > 1]},
                {'params': [p for p in parameters if p.ndim <= 1], 'weight_decay': 0.0},
            ]
            chosen: torch.optim.Optimizer = torch.optim.AdamW(
                groups, optimiser.learning_rate, weight_decay=optimiser.weight_decay
            )
        else:
            chosen = torch.optim.Adam(parameters, optimiser.learning_rate)
        schedule = LambdaLR(chosen, self._rate)
        return {
            'optimizer': chosen,
            'lr_scheduler': {'scheduler': schedule, 'interval': 'step'},
        }

    def _rate(self, step: int) -> float:
        """Return the learning rate at ``step`` as a share of its peak."""
        optimiser = self.settings.optimiser
        rise = min(1.0, (step + 1) / (optimiser.warmup_steps + 1))
        if optimiser.schedule == 'constant':
            return rise
        limit = self.settings.run.max_steps
        done = max(self._progress, step / limit if limit > 0 else 0.0)
        fall = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        return rise * (optimiser.final_fraction + (1 - optimiser.final_fraction) * fall)

    def on_train_start(self) -> None:
        """Find the ignored channels again: a resumed run has loaded its weights."""
        self.find_ignored_channels()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Update the elapsed time, which all processes share."""
        minutes = self.settings.run.max_minutes
        if minutes > 0 and batch_idx % PROGRESS_EVERY == 0:
            timers = [c for c in self.trainer.callbacks if isinstance(c, Timer)]  # type: ignore
            elapsed = timers[0].time_elapsed() / (60 * minutes) if timers else 0.0
            self._progress = self.trainer.strategy.broadcast(elapsed)


def _correlations(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Return Pearson's r of each channel over windows and frames in ``mask``; NaN if still."""
    weight = mask.float()
    count = weight.sum(dim=(0, 1))

    def centred(values: Tensor) -> Tensor:
        return (values - (values * weight).sum(dim=(0, 1)) / count) * weight

    a, b = centred(a), centred(b)
    scale = (a.square().sum(dim=(0, 1)) * b.square().sum(dim=(0, 1))).sqrt()
    r = (a * b).sum(dim=(0, 1)) / scale
    return torch.where((b.square().sum(dim=(0, 1)) / count) > 1e-6, r, torch.nan)
