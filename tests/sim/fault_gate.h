// FaultGate stands between an operator and everything that outlives it, and makes things go wrong
// there: calls that fail, calls that are made and whose answer is lost, the operator's death in the
// middle of anything. Between the decision and the call others may act.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/status.h"
#include "tests/sim/sim_random.h"

namespace lockstep::sim {

class FaultGate {
 public:
  explicit FaultGate(Random& random) : random_(random) {}

  void set_faults(bool on) {
    faults_ = on;
    if (!on) effects_to_death_ = 0;
  }
  // The operator dies at its `effects`th effect from now on: from then on nothing it does reaches
  // the world.
  void DieAfter(int effects) { effects_to_death_ = effects; }
  bool dead() const { return dead_; }
  void Revive() {
    dead_ = false;
    effects_to_death_ = 0;
  }
  // Called before some effects: other workers, users, time.
  void set_interruption(std::function<void()> interruption) {
    interruption_ = std::move(interruption);
  }

  // A read: the answer, or none.
  template <class Read>
  auto See(Read read) -> decltype(read()) {
    if (dead_ || (faults_ && random_.OneIn(400))) return Unavailable("simulated: no answer");
    return read();
  }

  // A write: made or not, and heard of or not. `conflicts`: the other side compares versions.
  template <class Effect>
  auto Let(bool conflicts, Effect effect) -> decltype(effect()) {
    if (!dead_ && faults_ && interruption_ && random_.OneIn(12)) interruption_();
    if (dead_) return Unavailable("simulated: the operator is dead");
    if (effects_to_death_ > 0 && --effects_to_death_ == 0) {
      dead_ = true;
      if (random_.OneIn(2)) static_cast<void>(effect());
      return Unavailable("simulated: the operator dies");
    }
    if (faults_ && random_.OneIn(40)) {
      switch (random_.Below(conflicts ? 3 : 2)) {
        case 0: return Unavailable("simulated: not made");
        case 1: static_cast<void>(effect()); return Unavailable("simulated: made, answer lost");
        default: return Conflict("simulated: somebody was faster");
      }
    }
    return effect();
  }

 private:
  Random& random_;
  std::function<void()> interruption_;
  bool faults_ = true;
  bool dead_ = false;
  int effects_to_death_ = 0;  // 0: it lives on
};

}  // namespace lockstep::sim
