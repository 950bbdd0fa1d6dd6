#include "operators/reconcile/resource_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <utility>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = ResourceDecision::Kind;

constexpr std::int64_t kGi = 1 << 30;

MachineResources Machine(int gpus, int cpus, int gi) {
  MachineResources machine;
  for (int i = 0; i < gpus; ++i) machine.devices.push_back(std::to_string(i));
  machine.milli_cpus = cpus * 1000;
  machine.memory_bytes = gi * kGi;
  return machine;
}

PoolJob Wants(const std::string& name, int gpus, int cpus = 0, int gi = 0) {
  return {name, {gpus, cpus * 1000, gi * kGi}, false, {}};
}
PoolJob Holds(const std::string& name, const std::vector<std::string>& devices, int cpus = 0,
              int gi = 0) {
  return {name, {static_cast<int>(devices.size()), cpus * 1000, gi * kGi}, true, devices};
}

TEST(ResourcePool, GivesGpusThatNobodyHolds) {
  const std::vector<PoolJob> jobs = {Holds("a", {"1"}), Wants("b", 2)};
  const ResourceDecision decision = DecideResources(Machine(4, 8, 8), jobs, 1);
  EXPECT_EQ(decision.kind, Kind::kGo);
  EXPECT_THAT(decision.devices, ElementsAre("0", "2"));
}

TEST(ResourcePool, SaysWhatAJobWaitsFor) {
  const MachineResources machine = Machine(4, 4, 8);
  const auto wait = [&](const PoolJob& job) {
    const std::vector<PoolJob> jobs = {Holds("a", {"0", "1", "2"}, 3, 6), job};
    const ResourceDecision decision = DecideResources(machine, jobs, 1);
    EXPECT_EQ(decision.kind, Kind::kWait);
    return decision.message;
  };
  EXPECT_EQ(wait(Wants("b", 2)), "waits for 2 GPUs: 1 of 4 is free");
  EXPECT_EQ(wait(Wants("b", 0, 2)), "waits for 2 CPUs: 1 of 4 is free");
  EXPECT_EQ(wait(Wants("b", 0, 0, 3)), "waits for 3Gi of memory: 2Gi of 8Gi is free");
  EXPECT_EQ(wait(Wants("b", 2, 2)),
            "waits for 2 GPUs: 1 of 4 is free; and for 2 CPUs: 1 of 4 is free");
  const std::vector<PoolJob> behind = {Wants("ns/first", 4), Holds("a", {"0"}), Wants("c", 1)};
  EXPECT_EQ(DecideResources(machine, behind, 2).message,
            "waits for 1 GPU: 3 of 4 are free, and ns/first, which came before, waits for them");
}

TEST(ResourcePool, AJobThatAsksForNothingOrForWhatOthersDoNotWantIsNotHeldUp) {
  const MachineResources machine = Machine(2, 4, 8);
  const std::vector<PoolJob> jobs = {Holds("a", {"0"}, 1), Wants("gpus", 2, 1), Wants("none", 0),
                                     Wants("cpus", 0, 2), Wants("one", 1)};
  EXPECT_EQ(DecideResources(machine, jobs, 1).kind, Kind::kWait);
  EXPECT_EQ(DecideResources(machine, jobs, 2).kind, Kind::kGo);
  EXPECT_EQ(DecideResources(machine, jobs, 3).kind, Kind::kGo) << "2 of the 4 less 1 held, 1 kept";
  EXPECT_EQ(DecideResources(machine, jobs, 4).kind, Kind::kWait) << "it would overtake gpus";
}

TEST(ResourcePool, WhatIsNotThereCanNeverBeHadButForCpus) {
  const MachineResources machine = Machine(1, 2, 4);
  const auto decide = [&](const PoolJob& job) {
    return DecideResources(machine, std::vector<PoolJob>{job}, 0);
  };
  EXPECT_EQ(decide(Wants("a", 2)).kind, Kind::kNever);
  EXPECT_THAT(decide(Wants("a", 2)).message,
              StartsWith("asks for 2 GPUs, and this machine has 1: ask for fewer"));
  EXPECT_EQ(decide(Wants("a", 0, 0, 5)).kind, Kind::kNever);
  EXPECT_THAT(decide(Wants("a", 0, 0, 5)).message,
              StartsWith("asks for 5Gi of memory, and this machine has 4Gi: ask for less"));
  EXPECT_EQ(decide(Wants("a", 0, 8)).kind, Kind::kGo);
  EXPECT_THAT(RunsAlone(machine, {0, 8000, 0}),
              HasSubstr("asks for 8 CPUs, and this machine has 2 CPUs: it runs all the same"));
  EXPECT_EQ(RunsAlone(machine, {0, 2000, 0}), "");
  const std::vector<PoolJob> jobs = {Holds("a", {}, 8), Wants("b", 0, 1), Wants("c", 1)};
  EXPECT_EQ(DecideResources(machine, jobs, 1).kind, Kind::kWait);
  EXPECT_EQ(DecideResources(machine, jobs, 2).kind, Kind::kGo) << "it asks for no CPU";
  const std::vector<PoolJob> never = {Wants("never", 9), Wants("b", 1)};
  EXPECT_EQ(DecideResources(machine, never, 1).kind, Kind::kGo) << "nobody waits for what fails";
}

TEST(ResourcePool, WhatIsNotBoundedIsNotAskedFor) {
  const std::vector<PoolJob> jobs = {Holds("a", {}, 1000, 1000), Wants("b", 0, 1000, 1000)};
  EXPECT_EQ(DecideResources({}, jobs, 1).kind, Kind::kGo);
}

// A machine on which jobs come and go at random; those that wait are looked at in random order, as
// the operator's workers do.
class RandomMachine {
 public:
  explicit RandomMachine(unsigned seed)
      : random_(seed), machine_(Machine(UpTo(5), 1 + UpTo(7), 1 + UpTo(15))) {}

  void Come() {
    jobs_.push_back(Wants(std::to_string(++come_), UpTo(Gpus()), UpTo(10),
                          UpTo(static_cast<int>(machine_.memory_bytes / kGi))));
  }
  // Each that runs ends with probability 1/3.
  void End() {
    std::erase_if(jobs_, [this](const PoolJob& job) { return job.holds && UpTo(2) == 0; });
  }
  void Start() {
    std::vector<std::size_t> order(jobs_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::shuffle(order, random_);
    for (const std::size_t i : order) {
      if (jobs_[i].holds) continue;
      const ResourceDecision decision = DecideResources(machine_, jobs_, i);
      ASSERT_NE(decision.kind, Kind::kNever);
      if (decision.kind != Kind::kGo) continue;
      jobs_[i].holds = true;
      jobs_[i].devices = decision.devices;
    }
  }
  void ExpectNothingIsGivenTwice() const {
    std::multiset<std::string> devices;
    std::int64_t cpus = 0;
    std::int64_t memory = 0;
    for (const PoolJob& job : jobs_) {
      if (!job.holds) continue;
      ASSERT_EQ(static_cast<std::int64_t>(job.devices.size()), job.asks.gpus);
      devices.insert(job.devices.begin(), job.devices.end());
      cpus += std::min(job.asks.milli_cpus, machine_.milli_cpus);
      memory += job.asks.memory_bytes;
    }
    for (const std::string& device : devices) ASSERT_EQ(devices.count(device), 1u);
    ASSERT_LE(static_cast<int>(devices.size()), Gpus());
    ASSERT_LE(cpus, machine_.milli_cpus);
    ASSERT_LE(memory, machine_.memory_bytes);
  }
  void ExpectThatWhoMayStartIsKnown() const {
    std::vector<std::size_t> expected;
    bool first = true;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (jobs_[i].holds || jobs_[i].asks.is_zero()) continue;
      if (std::exchange(first, false) || DecideResources(machine_, jobs_, i).kind == Kind::kGo) {
        expected.push_back(i);
      }
    }
    ASSERT_EQ(MayStart(machine_, jobs_), expected);
  }
  // The oldest of those that wait; "": nobody does.
  std::string Next() const {
    const auto next = std::ranges::find(jobs_, false, &PoolJob::holds);
    return next == jobs_.end() ? "" : next->name;
  }
  std::size_t Size() const { return jobs_.size(); }
  bool AnyRuns() const { return std::ranges::any_of(jobs_, &PoolJob::holds); }
  int UpTo(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most + 1)); }

 private:
  int Gpus() const { return static_cast<int>(machine_.devices.size()); }

  std::mt19937 random_;
  const MachineResources machine_;
  std::vector<PoolJob> jobs_;  // in order of creation
  int come_ = 0;
};

TEST(ResourcePool, NeverGivesMoreThanThereIsAndNobodyStarves) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomMachine machine(seed);
    std::string next;
    int waited = 0;  // steps since it is the oldest
    for (int step = 0; step < 500; ++step) {
      if (machine.Size() < 40) machine.Come();
      machine.End();
      machine.ExpectThatWhoMayStartIsKnown();
      machine.Start();
      machine.ExpectNothingIsGivenTwice();
      if (testing::Test::HasFatalFailure()) return;
      if (machine.Next().empty()) continue;
      ASSERT_TRUE(machine.AnyRuns()) << "one waits although nobody runs";
      waited = machine.Next() == next ? waited + 1 : 0;
      next = machine.Next();
      // All that ran when it became the oldest have ended by then: (2/3)^100 is 2e-18.
      ASSERT_LT(waited, 100) << next << " starves while others come";
    }
  }
}

// While others come without end, each of which would fit, the one that needs everything gets it.
TEST(ResourcePool, OneThatNeedsAllOfItIsNotOvertakenForEver) {
  const MachineResources machine = Machine(2, 4, 8);
  std::vector<PoolJob> jobs = {Holds("small-0", {"0"}, 1), Wants("large", 2, 4)};
  for (int step = 1; step <= 10; ++step) {
    jobs.push_back(Wants("small-" + std::to_string(step), 1, 1));
    EXPECT_EQ(DecideResources(machine, jobs, jobs.size() - 1).kind, Kind::kWait);
  }
  jobs.erase(jobs.begin());
  EXPECT_EQ(DecideResources(machine, jobs, 0).kind, Kind::kGo);
}

}  // namespace
}  // namespace lockstep
