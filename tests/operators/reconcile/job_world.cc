#include "tests/operators/reconcile/job_world.h"

#include "operators/api/defaults.h"
#include "operators/codec/text_field.h"
#include "operators/reconcile/training_job_reconciler.h"
#include "operators/store/memory_store.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds kPoll(200);
constexpr int kLooksMax = 1000;  // at one moment: more is a loop
const WallTime kStart{std::chrono::seconds(1'795'600'000)};

}  // namespace

JobWorld::JobWorld(std::vector<Document> manifests, std::string namespace_of_job)
    : manifests_(std::move(manifests)),
      namespace_(std::move(namespace_of_job)),
      clock_(kStart),
      store_(MakeMemoryStore()),
      reconciler_(MakeTrainingJobReconciler(*store_, pods_, clock_, kPoll)) {
  Json& metadata = manifests_.back().value["metadata"];
  if (!metadata.contains("namespace")) metadata["namespace"] = namespace_;
}

Result<std::unique_ptr<JobWorld>> JobWorld::Create(std::vector<Document> manifests,
                                                   const std::string& namespace_) {
  std::unique_ptr<JobWorld> world(new JobWorld(std::move(manifests), namespace_));
  LOCKSTEP_ASSIGN_OR_RETURN(TrainingJob job, world->Convert());
  world->key_ = {TrainingJob::kKind, job.meta.namespace_, job.meta.name};
  LOCKSTEP_RETURN_IF_ERROR(world->store_->Create(std::move(job)).status());
  world->next_look_ = kStart;
  return world;
}

Result<TrainingJob> JobWorld::Convert() const {
  const RuntimeLookup runtimes = [&](const std::string& kind, const std::string&,
                                     const std::string& name) -> Result<Json> {
    for (const Document& document : manifests_) {
      if (TextField(document.value, "kind") != kind) continue;
      if (document.value.at("metadata").at("name") == name) return document.value;
    }
    return NotFound(kind + " " + name);
  };
  LOCKSTEP_ASSIGN_OR_RETURN(
      Converted converted,
      ConvertToTrainingJob(manifests_.back(), manifests_.size() > 1 ? runtimes : RuntimeLookup()));
  for (const Finding& finding : converted.findings) {
    if (finding.severity == Finding::Severity::kError) {
      return InvalidArgument(finding.path + ": " + finding.message);
    }
  }
  Object object = std::move(converted.job);
  SetDefaults(object);
  return std::get<TrainingJob>(std::move(object));
}

std::optional<TrainingJob> JobWorld::Job() const {
  const Result<ObjectPtr> found = store_->Get(key_);
  if (!found.ok()) return std::nullopt;
  return std::get<TrainingJob>(**found);
}

Status JobWorld::Patch(const Json& patch) {
  manifests_.back().value.merge_patch(patch);
  LOCKSTEP_ASSIGN_OR_RETURN(TrainingJob wanted, Convert());
  std::optional<TrainingJob> job = Job();
  if (!job) return OkStatus();
  wanted.spec.roles = job->spec.roles;
  job->spec = std::move(wanted.spec);
  job->meta.annotations = std::move(wanted.meta.annotations);
  LOCKSTEP_RETURN_IF_ERROR(store_->Update(*std::move(job)).status());
  next_look_ = clock_.Now();
  return OkStatus();
}

// The change that a look makes brings the next one.
void JobWorld::Look() {
  const std::optional<TrainingJob> before = Job();
  next_look_.reset();
  if (!before) return;
  const Result<Requeue> requeue = reconciler_->Reconcile(key_);
  CHECK(requeue.ok()) << requeue.status().ToString();
  if (requeue->after) next_look_ = clock_.Now() + *requeue->after;
  const std::optional<TrainingJob> after = Job();
  if (after != before) next_look_ = clock_.Now();
}

void JobWorld::Settle() {
  // An end is told, and what runs is polled.
  next_look_ = clock_.Now();
  for (int looks = 0; next_look_ && *next_look_ <= clock_.Now(); ++looks) {
    CHECK(looks < kLooksMax) << "the reconciler never rests";
    Look();
    // A group that is asked to stop does so in no time.
    const std::optional<TrainingJob> job = Job();
    const bool stops = job && (!job->meta.deletion_timestamp.empty() || job->spec.suspend);
    if (stops && next_look_ && *next_look_ <= clock_.Now() + kPoll) next_look_ = clock_.Now();
  }
}

void JobWorld::Wait(std::chrono::milliseconds time) {
  const WallTime end = clock_.Now() + time;
  while (next_look_ && *next_look_ <= end) {
    if (*next_look_ > clock_.Now()) clock_.Advance(*next_look_ - clock_.Now());
    Look();
  }
  if (clock_.Now() < end) clock_.Advance(end - clock_.Now());
}

}  // namespace lockstep
