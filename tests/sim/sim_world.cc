#include "tests/sim/sim_world.h"

#include "operators/api/conditions.h"
#include "operators/reconcile/controllers.h"
#include "operators/store/memory_store.h"

namespace lockstep::sim {

using std::chrono::milliseconds;

// Rows behind the gate, as an operator sees them.
class FaultyObservations final : public ObservationStore {
 public:
  FaultyObservations(ObservationStore& rows, FaultGate& gate) : rows_(rows), gate_(gate) {}
  Status Append(std::string_view uid, const std::vector<MetricRow>& rows,
                const ReadMark& mark) override {
    return gate_.Let(true, [&] { return rows_.Append(uid, rows, mark); });
  }
  Result<std::vector<MetricRow>> Rows(std::string_view uid, std::string_view name,
                                      std::size_t rows_max) const override {
    return gate_.See([&] { return rows_.Rows(uid, name, rows_max); });
  }
  Result<std::uint64_t> Count(std::string_view uid, std::string_view name) const override {
    return gate_.See([&] { return rows_.Count(uid, name); });
  }
  Result<std::string> Mark(std::string_view uid, std::string_view source) const override {
    return gate_.See([&] { return rows_.Mark(uid, source); });
  }
  Result<std::vector<std::string>> TrialUids() const override {
    return gate_.See([&] { return rows_.TrialUids(); });
  }
  Status Forget(std::string_view uid) override {
    return gate_.Let(false, [&] { return rows_.Forget(uid); });
  }

 private:
  ObservationStore& rows_;
  FaultGate& gate_;
};

namespace {

constexpr std::size_t kTraceLines = 60;
constexpr int kDepthMax = 2;  // two workers are in the middle of something while a third works
constexpr std::uint64_t kSettleStepsMax = 100'000;
constexpr std::uint64_t kQuietWaits = 2000;  // 400 s on average; the longest back-off is 30 s

std::unique_ptr<Store> NewStore(const Clock& clock) {
  StoreOptions options;
  options.clock = &clock;
  options.new_uid = [next = 0]() mutable { return "uid-" + std::to_string(next++); };
  return MakeMemoryStore(std::move(options));
}

}  // namespace

SimWorld::SimWorld(std::uint64_t seed, Invariants::Fail fail)
    : clock_(WallTime(std::chrono::hours(24 * 365 * 55))),
      random_(seed),
      gate_(random_),
      invariants_(fail),
      fail_(std::move(fail)),
      store_(NewStore(clock_), gate_, random_,
             [this](const ObjectPtr& before, const ObjectPtr& after) {
               Count(before, after);
               invariants_.OnChange(before, after);
             }),
      backend_(gate_, random_, clock_,
               [this](const JobPlan& plan) {
                 ++counts_.starts;
                 invariants_.OnStart(plan);
               }),
      faulty_rows_(std::make_unique<FaultyObservations>(*rows_, gate_)),
      users_(store_, random_) {
  invariants_.Watch(store_, backend_, *rows_);
  gate_.set_interruption([this] { Interrupt(); });
  StartOperator();
}

SimWorld::~SimWorld() = default;

void SimWorld::Count(const ObjectPtr& before, const ObjectPtr& after) {
  if (!after) return;
  if (!before) {
    counts_.experiments += std::holds_alternative<Experiment>(*after) ? 1 : 0;
    counts_.trials += std::holds_alternative<Trial>(*after) ? 1 : 0;
    return;
  }
  if (const Trial* trial = std::get_if<Trial>(after.get())) {
    const Trial& was = std::get<Trial>(*before);
    const bool stopped = IsTrue(trial->status.conditions, condition::kEarlyStopped) &&
                         !IsTrue(was.status.conditions, condition::kEarlyStopped);
    counts_.early_stopped += stopped ? 1 : 0;
  } else if (const Experiment* experiment = std::get_if<Experiment>(after.get())) {
    const bool resumed = HasEnded(std::get<Experiment>(*before).status.conditions) &&
                         !HasEnded(experiment->status.conditions);
    counts_.resumed += resumed ? 1 : 0;
  }
}

void SimWorld::Note(std::string what) {
  if (trace_.size() == kTraceLines) trace_.pop_front();
  const auto now = std::chrono::duration_cast<milliseconds>(clock_.Monotonic().time_since_epoch());
  trace_.push_back(std::string(static_cast<std::size_t>(2 * depth_), ' ') +
                   std::to_string(now.count()) + " ms: " + std::move(what));
}

void SimWorld::StartOperator() {
  manager_.reset();  // all it knew
  gate_.Revive();
  ManagerOptions options;
  options.workers = 0;  // this thread
  options.queue.seed = random_.Below(1'000'000);
  manager_ = std::make_unique<Manager>(
      store_, clock_, MakeControllers(store_, *faulty_rows_, backend_, clock_), options);
  manager_->Start();
}

void SimWorld::Advance(milliseconds most) {
  clock_.Advance(milliseconds(random_.Between(1, most.count())));
  backend_.TellWhatEnded();
}

bool SimWorld::WorkOrDeliver() {
  const bool deliver_first = random_.OneIn(2);
  if (deliver_first && store_.DeliverOne()) {
    ++counts_.steps;
    return true;
  }
  if (const std::optional<ObjectKey> key = manager_->WorkOnce()) {
    ++counts_.steps;
    Note("reconciled " + key->ToString());
    return true;
  }
  if (deliver_first || !store_.DeliverOne()) return false;
  ++counts_.steps;
  return true;
}

// Between an operator's decision and its deed.
void SimWorld::Interrupt() {
  if (depth_ == kDepthMax) return;
  ++depth_;
  switch (random_.Below(4)) {
    case 0: Note("meanwhile " + users_.Act()); break;
    case 1: Advance(milliseconds(300)); break;
    default: WorkOrDeliver(); break;
  }
  --depth_;
}

void SimWorld::Step() {
  invariants_.OnStep();
  if (random_.OneIn(60)) Note(users_.Act());
  if (random_.OneIn(150)) gate_.DieAfter(static_cast<int>(random_.Between(1, 12)));
  if (random_.OneIn(10)) Advance(milliseconds(100));
  if (!WorkOrDeliver()) Advance(milliseconds(random_.OneIn(4) ? 3000 : 250));
  if (!gate_.dead()) return;
  ++counts_.crashes;
  Note("the operator has died; another one starts");
  StartOperator();
}

// What waits for days (logs that are kept for a while) does not keep it from being at rest.
void SimWorld::Settle() {
  gate_.set_faults(false);
  std::uint64_t quiet = 0;
  for (const std::uint64_t end = counts_.steps + kSettleStepsMax; counts_.steps < end; ++quiet) {
    invariants_.OnStep();
    if (WorkOrDeliver()) {
      quiet = 0;
    } else if (quiet > kQuietWaits || manager_->Counts().idle()) {
      return;
    } else {
      Advance(milliseconds(400));
    }
  }
  fail_("it does not come to rest");
}

void SimWorld::Run(std::uint64_t steps) {
  while (counts_.steps < steps) Step();
  Note("from here on nothing goes wrong");
  Settle();
  invariants_.CheckSuspended();
  users_.ResumeAll();
  Settle();
  invariants_.CheckSettled();
}

}  // namespace lockstep::sim
