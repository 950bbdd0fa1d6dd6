#include "tests/operators/reconcile/recorded_pods.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr int kEvictedBy = 9;  // a kubelet kills what it evicts
constexpr int kTerm = 15;

SuccessRule RuleOf(const std::string& policy) {
  if (policy == "Rank0") return SuccessRule::kRank0;
  if (policy == "FirstRole") return SuccessRule::kFirstRole;
  if (policy == "AnyRank") return SuccessRule::kAnyRank;
  return SuccessRule::kAllRanks;
}

FirstFailure FailureOf(const ExitRecord& record) {
  FirstFailure failure;
  failure.cause = ExitCauseName(record.cause);
  if (!record.failure) return failure;
  failure.rank = record.failure->rank;
  failure.role = record.failure->role;
  failure.cause = ExitCauseName(record.failure->cause);
  failure.exit_code = record.failure->exit_code;
  failure.signal = record.failure->signal;
  failure.message = record.failure->message;
  return failure;
}

}  // namespace

RecordedPods::Generation* RecordedPods::Latest() {
  return generations_.empty() ? nullptr : &generations_.rbegin()->second;
}

void RecordedPods::End(Generation& generation, std::size_t rank, int wait_status) {
  Rank& ended = generation.ranks[rank];
  ended.phase = wait_status == 0 ? Phase::kSucceeded : Phase::kFailed;
  ended.ran_before = false;
  MemberName member;
  member.rank = static_cast<int>(rank);
  member.role = ended.role;
  generation.verdict.OnExit(member, wait_status, {});
  generation.all_done = std::ranges::all_of(generation.ranks, [](const Rank& r) {
    return r.phase == Phase::kSucceeded || r.phase == Phase::kFailed;
  });
}

void RecordedPods::Apply(const PodEvent& event, bool with_the_last) {
  Generation* const generation = Latest();
  if (generation == nullptr || (generation->Ended() && !with_the_last)) return;
  for (std::size_t i = 0; i < generation->ranks.size(); ++i) {
    Rank& rank = generation->ranks[i];
    if (rank.role != event.role || rank.index != event.index) continue;
    if (rank.phase == Phase::kSucceeded || rank.phase == Phase::kFailed) return;
    if (event.what == PodEvent::What::kDeleted && rank.phase == Phase::kPending) return;
    switch (event.what) {
      case PodEvent::What::kRuns: rank.phase = Phase::kRunning; break;
      case PodEvent::What::kEnds: End(*generation, i, event.exit_code << 8); break;
      case PodEvent::What::kEvicted: End(*generation, i, kEvictedBy); break;
      case PodEvent::What::kDeleted: End(*generation, i, kTerm); break;
    }
    return;
  }
}

void RecordedPods::OthersRunAgain() {
  Generation* const generation = Latest();
  if (generation == nullptr || generation->Ended()) return;
  for (Rank& rank : generation->ranks) {
    if (rank.ran_before && rank.phase == Phase::kPending) rank.phase = Phase::kRunning;
  }
}

Status RecordedPods::Apply(const JobPlan& plan) {
  if (generations_.contains(plan.id.generation)) return OkStatus();
  const auto& roles = plan.spec.roles;
  Generation generation(plan, Verdict(RuleOf(plan.spec.success_policy), "host",
                                      roles.empty() ? 1 : roles[0].replicas));
  for (const JobRole& role : roles) {
    if (role.host_only) continue;
    for (int index = 0; index < role.replicas; ++index)
      generation.ranks.push_back({role.name, index});
  }
  if (const Generation* const before = Latest(); before != nullptr) {
    for (Rank& rank : generation.ranks) {
      rank.ran_before = std::ranges::any_of(before->ranks, [&](const Rank& old) {
        return old.role == rank.role && old.index == rank.index &&
               (old.phase == Phase::kRunning || old.phase == Phase::kSucceeded || old.ran_before);
      });
    }
  }
  generations_.emplace(plan.id.generation, std::move(generation));
  return OkStatus();
}

Result<JobObservation> RecordedPods::Observe(const JobId& id) {
  JobObservation observation;
  const auto found = generations_.find(id.generation);
  if (found == generations_.end()) return observation;
  const Generation& generation = found->second;
  for (const Rank& rank : generation.ranks) {
    auto role = std::ranges::find(observation.roles, rank.role, &RoleStatus::name);
    if (role == observation.roles.end()) {
      observation.roles.push_back({.name = rank.role});
      role = std::prev(observation.roles.end());
    }
    if (rank.phase == Phase::kRunning && !generation.Ended()) ++role->active;
    if (rank.phase == Phase::kSucceeded) ++role->succeeded;
    if (rank.phase == Phase::kFailed) ++role->failed;
  }
  for (const RoleStatus& role : observation.roles) observation.active += role.active;
  const bool any_ran = std::ranges::any_of(
      generation.ranks, [](const Rank& rank) { return rank.phase != Phase::kPending; });
  observation.phase = any_ran ? JobPhase::kRunning : JobPhase::kStarting;
  observation.end_is_told = true;
  if (!generation.Ended()) return observation;
  const ExitRecord record = generation.verdict.Record();
  observation.phase =
      record.cause == ExitCause::kSucceeded ? JobPhase::kSucceeded : JobPhase::kFailed;
  if (observation.phase == JobPhase::kFailed) observation.first_failure = FailureOf(record);
  return observation;
}

Result<bool> RecordedPods::Stop(const JobId& id) {
  const auto found = generations_.find(id.generation);
  if (found == generations_.end() || found->second.Ended()) return true;
  found->second.verdict.OnSignal(kTerm);
  for (Rank& rank : found->second.ranks) rank.ran_before = false;
  for (Rank& rank : found->second.ranks) {
    if (rank.phase == Phase::kRunning) rank.phase = Phase::kStopped;
  }
  return false;  // as with processes: not at once
}

Status RecordedPods::Forget(const JobId& id) {
  generations_.erase(id.generation);
  return OkStatus();
}

}  // namespace lockstep
