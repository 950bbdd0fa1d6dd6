#include "operators/reconcile/observation_keeper.h"

#include <set>
#include <sstream>
#include <string>

#include "operators/api/intent.h"
#include "operators/control/manager.h"
#include "operators/reconcile/ownership.h"

namespace lockstep {
namespace {

std::set<std::string> DeletedTrials(const ObjectMeta& experiment) {
  std::set<std::string> uids;
  const auto found = experiment.annotations.find(kDeletedTrialsAnnotation);
  if (found == experiment.annotations.end()) return uids;
  std::istringstream text(found->second);
  for (std::string uid; text >> uid;) uids.insert(uid);
  return uids;
}

class ObservationKeeper final : public Reconciler {
 public:
  ObservationKeeper(Store& store, ObservationStore& observations)
      : store_(store), observations_(observations) {}

  // "EXPERIMENT/UID": that Trial of it was deleted. "": look at all.
  Result<Requeue> Reconcile(const ObjectKey& key) override {
    const std::size_t slash = key.name.find('/');
    const Status done =
        slash == std::string::npos
            ? ForgetAllThatAreGone()
            : Remember({Experiment::kKind, key.namespace_, key.name.substr(0, slash)},
                       key.name.substr(slash + 1));
    if (!done.ok()) return done;
    return Requeue{};
  }

 private:
  Status Remember(const ObjectKey& experiment_key, const std::string& uid) {
    LOCKSTEP_ASSIGN_OR_RETURN(std::optional<Experiment> experiment,
                              Find<Experiment>(store_, experiment_key));
    // Its own deletion is followed by a look at all.
    if (!experiment || !experiment->meta.deletion_timestamp.empty()) return OkStatus();
    if (DeletedTrials(experiment->meta).contains(uid)) return OkStatus();
    std::string& uids = experiment->meta.annotations[kDeletedTrialsAnnotation];
    uids += (uids.empty() ? "" : " ") + uid;
    return store_.Update(*std::move(experiment)).status();
  }

  Status ForgetAllThatAreGone() {
    // Before the Trials: one that is there later may have rows by then.
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<std::string> measured, observations_.TrialUids());
    std::set<std::string> kept;
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<ObjectPtr> trials,
                              store_.List({.kind = Trial::kKind, .namespace_ = "", .labels = {}}));
    for (const ObjectPtr& trial : trials) kept.insert(MetaOf(*trial).uid);
    LOCKSTEP_ASSIGN_OR_RETURN(
        const std::vector<ObjectPtr> experiments,
        store_.List({.kind = Experiment::kKind, .namespace_ = "", .labels = {}}));
    for (const ObjectPtr& experiment : experiments) kept.merge(DeletedTrials(MetaOf(*experiment)));
    for (const std::string& uid : measured) {
      if (!kept.contains(uid)) LOCKSTEP_RETURN_IF_ERROR(observations_.Forget(uid));
    }
    return OkStatus();
  }

  Store& store_;
  ObservationStore& observations_;
};

}  // namespace

std::vector<ObjectKey> ObservationsOfDeleted(const Change& change) {
  if (change.kind != Change::Kind::kDeleted) return {};
  if (change.key.kind == Trial::kKind) {
    for (const ObjectKey& owner : OwnerKeys(change, Experiment::kKind))
      return {{kObservationsKind, owner.namespace_, owner.name + "/" + MetaOf(*change.object).uid}};
  }
  return {{kObservationsKind, "", ""}};
}

std::unique_ptr<Reconciler> MakeObservationKeeper(Store& store, ObservationStore& observations) {
  return std::make_unique<ObservationKeeper>(store, observations);
}

}  // namespace lockstep
