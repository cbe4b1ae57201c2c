"""The Lightning module of every kind of training: an objective in a loop. Random choices are functions of (seed, step)."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from lensmae.training.config import compile_mode
from lensmae.training.kinds.kind import Objective
from lensmae.training.loading.batches import BatchPlan
from lensmae.training.loading.feed import Batch, Feed
from lensmae.training.optimizer import build_optimizer, is_fused

# Training images on which the batch norms of a weight average are measured, at least: 5 s of a ResNet-18 on two cores.
_SETTLING_IMAGES = 2048


class WeightAverage(AveragedModel):
    """Exponential moving average whose decay begins low, min(decay, (1 + n) / (10 + n)) after n averages (as TensorFlow's
    ExponentialMovingAverage with num_updates): else a run of fewer steps than 1 / (1 - decay) ends near its random start.

    `AveragedModel.update_parameters` gathers all parameters anew at each step and waits for the device to read its counter, 5 ms
    of a step of 20 ms of a small network (measured); here they are gathered once.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__(network)
        self.requires_grad_(False)
        self.decay = decay
        self._pairs: tuple[list[Tensor], ...] = ()

    def follow(self, network: nn.Module, count: int) -> None:
        """Take the weights of a training step into the average of the `count` steps before; buffers are copied."""
        if not self._pairs:
            sources = (self.module, network)
            self._pairs = (*(list(s.parameters()) for s in sources), *(list(s.buffers()) for s in sources))
        averages, weights, kept, statistics = self._pairs
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1 - min(self.decay, (1 + count) / (10 + count)) if count else 1.0)
            if kept:
                torch._foreach_copy_(kept, statistics)


class LensTask(pl.LightningModule):
    """A training run in Lightning's loop: the batch of a step, optimiser, weight average, and what its objective asks.

    The data loader only counts; `training_step` looks up the rows of `step` itself, so a run that was killed and resumed
    sees the same images in the same order with the same masks as one that was not.

    Args:
        network: that is trained.
        objective: what it learns.

    Attributes:
        step: optimiser steps done since the run began, over all its resumptions.
    """

    def __init__(self, network: nn.Module, objective: Objective) -> None:
        super().__init__()
        objective.prepare(network)
        self.network = network
        self.objective = objective
        self.config, self.transform, self.total_steps = objective.config, objective.transform, objective.total_steps
        self.step = 0
        self.average = WeightAverage(network, self.config.ema_decay) if self.config.ema_decay > 0 else None

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer, schedule = build_optimizer(self.network, self.config, self.total_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self, optimizer: torch.optim.Optimizer, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        # Lightning refuses to clip beside a fused optimiser in any mixed precision; the reason holds for float16 alone.
        if is_fused(self.config):
            nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_fit_start(self) -> None:
        # Methods, not modules: a second module would put the weights into the state twice.
        answer = self.answer
        # Images of a run have one size, or two: each is compiled for itself.
        self._answer = torch.compile(answer, mode=compile_mode(self.config), dynamic=False) if self.config.compile else answer

    def answer(self, *inputs: Any, **options: Any) -> Any:
        """What the loss needs of the network; compiled where the configuration says so."""
        return self.objective.answer(self.network, *inputs, **options)

    def training_step(self, _: Tensor, __: int) -> Tensor:
        # Dropped paths draw from the global generator; seeded a step, a resumed run draws the same.
        torch.manual_seed(int(np.random.SeedSequence([self.config.seed, self.step, self.global_rank]).generate_state(1)[0]))
        batch = self._batch(self.step, self.global_rank, self.trainer.world_size)
        if self.config.compile:
            # What CUDA graphs gave in the step before may be written over.
            torch.compiler.cudagraph_mark_step_begin()
        loss = self.objective.loss(self.network, batch, self.step, self._answer)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(batch.share), sync_dist=True, logger=False)
        return loss * self.objective.loss_scale(self.network)

    def on_train_batch_end(self, *_: Any) -> None:
        if self.average is not None:
            self.average.follow(self.network, self.step)
        self.step += 1
        if self.step >= self.total_steps:
            self.trainer.should_stop = True
            # The last weights are validated wherever the last step falls: the card's figures belong to what is saved.
            self.trainer.check_val_every_n_epoch = 1

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["lensmae_step"] = self.step

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.step = checkpoint["lensmae_step"]
        # Where Lightning's own loops stood says nothing about our data, and restoring them would repeat or cut an interval.
        checkpoint.pop("loops", None)

    def on_validation_start(self) -> None:
        self.settle()

    def settle(self) -> None:
        """Measure the batch norms of the weight average on training images; a network without any reads none.

        The statistics of a step belong to the weights of that step. With them an average over 1,000 steps of a ResNet-18 named
        68 % of lenses rightly, with its own 98 % (macro AUC 0.9973 and 0.9985).
        """
        if self.average is None:
            return
        plan: BatchPlan = self.trainer.datamodule.plan
        steps = range(min(plan.steps_per_epoch, -(-_SETTLING_IMAGES // plan.batch_size)))
        update_bn((self.transform.forward(self._batch(step).images) for step in steps), self.average.module)

    def _batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        feed: Feed = self.trainer.datamodule.feed
        return feed.batch(step, rank, world, self.device)

    def final_network(self) -> nn.Module:
        """The network a run produces: the weight average, or the last weights where none is kept."""
        return self.network if self.average is None else self.average.module

    def validation_step(self, rows: np.ndarray, _: int) -> None:
        figures = self.objective.validation_metrics(self.final_network(), self._validation(rows))
        self._log_figures(figures, batch_size=len(rows))

    def on_validation_epoch_end(self) -> None:
        self._log_figures(self.objective.epoch_metrics())

    def _log_figures(self, figures: dict[str, Tensor], **options: Any) -> None:
        for name, value in figures.items():
            self.log(name, value, sync_dist=True, logger=False, **options)

    def _validation(self, rows: np.ndarray) -> Batch:
        return self.trainer.datamodule.validation_batch(rows, self.device)

    def reconstruct(self, rows: np.ndarray) -> Tensor:
        """What the network that the run would produce now makes of these validation rows, (B, 1, H, W) flux."""
        return self.objective.reconstruct(self.final_network(), self._validation(rows).images, rows)
