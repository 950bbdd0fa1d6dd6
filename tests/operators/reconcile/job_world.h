// One job of any kind under its reconciler, on a clock that moves only when it is told to: it is
// looked at when it changes, and when its reconciler has asked for it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "operators/codec/document.h"
#include "operators/control/reconciler.h"
#include "operators/convert/convert.h"
#include "operators/store/store.h"
#include "runtime/base/clock.h"
#include "tests/operators/reconcile/recorded_pods.h"

namespace lockstep {

class JobWorld {
 public:
  // `manifests`: the job, last, and the runtimes that it names. InvalidArgument: it is refused.
  static Result<std::unique_ptr<JobWorld>> Create(std::vector<Document> manifests,
                                                  const std::string& namespace_);

  // As `lockstep apply` of the changed manifest. The ranks of a job stay as many as they are.
  Status Patch(const Json& patch);
  RecordedPods& pods() { return pods_; }
  void Settle();  // until nothing is left to do now
  void Wait(std::chrono::milliseconds time);

  std::optional<TrainingJob> Job() const;  // nullopt: it was deleted
  const Json& manifest() const { return manifests_.back().value; }

 private:
  JobWorld(std::vector<Document> manifests, std::string namespace_);
  Result<TrainingJob> Convert() const;
  void Look();

  std::vector<Document> manifests_;
  const std::string namespace_;
  FakeClock clock_;
  RecordedPods pods_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reconciler> reconciler_;
  ObjectKey key_;
  std::optional<WallTime> next_look_;
};

}  // namespace lockstep
