// A Reconciler makes the world look like one object's spec: level-based, stateless, safe to repeat
// at any moment.
#pragma once

#include <chrono>
#include <optional>

#include "operators/api/meta.h"
#include "runtime/base/status.h"

namespace lockstep {

// When to look again although nothing changed; nullopt: only when something changes.
struct Requeue {
  std::optional<std::chrono::milliseconds> after;
};

class Reconciler {
 public:
  virtual ~Reconciler() = default;
  // Reads what is, decides, acts, writes status once, at the end. An error is retried with
  // back-off; Conflict soon; an object that is gone is no error. Called by one worker at a time for
  // a key, by several for different keys.
  virtual Result<Requeue> Reconcile(const ObjectKey& key) = 0;
};

}  // namespace lockstep
