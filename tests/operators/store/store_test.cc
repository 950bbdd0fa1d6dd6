// What every Store must do, run over both.
#include "operators/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "operators/store/memory_store.h"
#include "operators/store/sqlite_store.h"
#include "runtime/base/clock.h"
#include "tests/operators/store/temporary_folder.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using std::chrono_literals::operator""s;

template <class T>
T Named(std::string name, std::string namespace_ = "default") {
  T object;
  object.meta.name = std::move(name);
  object.meta.namespace_ = std::move(namespace_);
  return object;
}

template <class T>
T OwnedBy(std::string name, const ObjectPtr& owner) {
  T object = Named<T>(std::move(name));
  object.meta.owner_references = {{.api_version = std::string(ApiVersionOf(*owner)),
                                   .kind = std::string(KindOf(*owner)),
                                   .name = MetaOf(*owner).name,
                                   .uid = MetaOf(*owner).uid,
                                   .controller = true}};
  return object;
}

template <class T>
ObjectKey Key(std::string name) {
  return {T::kKind, "default", std::move(name)};
}

template <class T>
const T& As(const ObjectPtr& object) {
  return std::get<T>(*object);
}

// Collects what a subscription tells, and waits for it with a deadline.
class Changes {
 public:
  std::function<void(const Change&)> Collect() {
    return [this](const Change& change) {
      const std::lock_guard lock(mutex_);
      changes_.push_back(change);
      arrived_.notify_all();
    };
  }
  // "+a" added, "~a" modified, "-a" deleted.
  std::vector<std::string> Take(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, 30s, [&] { return changes_.size() >= count; });
    std::vector<std::string> taken;
    for (; !changes_.empty() && taken.size() < count; changes_.pop_front()) {
      constexpr std::string_view kSigns = "+~-";
      taken.push_back(kSigns[static_cast<std::size_t>(changes_.front().kind)] +
                      changes_.front().key.name);
    }
    return taken;
  }
  template <class Predicate>
  bool WaitUntil(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, 30s, [&] { return predicate(changes_); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Change> changes_;
};

class EveryStore : public testing::TestWithParam<std::string> {
 protected:
  EveryStore() {
    StoreOptions options{.clock = &clock_,
                         .new_uid = [this] { return "uid-" + std::to_string(++uids_); }};
    if (GetParam() == "memory") {
      store_ = MakeMemoryStore(options);
    } else {
      store_ = std::move(SqliteStore::Open(folder_.File("state.db"), options)).value();
    }
  }
  ObjectPtr Create(Object object) { return store_->Create(std::move(object)).value(); }
  std::vector<std::string> Names(const ListFilter& filter) {
    std::vector<std::string> names;
    const std::vector<ObjectPtr> objects = store_->List(filter).value();
    for (const ObjectPtr& object : objects) names.push_back(MetaOf(*object).name);
    return names;
  }
  bool Has(const ObjectKey& key) { return store_->Get(key).ok(); }
  bool IsMarked(const ObjectKey& key) {
    return !MetaOf(*store_->Get(key).value()).deletion_timestamp.empty();
  }

  TemporaryFolder folder_;
  FakeClock clock_{WallTime(std::chrono::seconds(1'700'000'000))};
  std::atomic<int> uids_ = 0;
  std::unique_ptr<Store> store_;
};

TEST_P(EveryStore, SetsWhatIsItsOwnOnCreate) {
  Trial trial = Named<Trial>("t");
  trial.meta.uid = "mine";
  trial.meta.generation = 7;
  trial.meta.deletion_timestamp = "2020-01-01T00:00:00Z";
  trial.meta.labels = {{"a", "b"}};
  const ObjectPtr created = Create(trial);
  const ObjectMeta& meta = MetaOf(*created);
  EXPECT_EQ(meta.uid, "uid-1");
  EXPECT_EQ(meta.generation, 1);
  EXPECT_EQ(meta.creation_timestamp, "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(meta.deletion_timestamp, "");
  EXPECT_EQ(meta.labels, (Labels{{"a", "b"}}));
  EXPECT_FALSE(meta.resource_version.empty());
  EXPECT_EQ(*store_->Get(Key<Trial>("t")).value(), *created);
}

TEST_P(EveryStore, NamesTheObjectInEveryError) {
  EXPECT_EQ(store_->Get(Key<Trial>("t")).status(), NotFound("no Trial default/t"));
  EXPECT_EQ(store_->Update(Named<Trial>("t")).status(), NotFound("no Trial default/t"));
  EXPECT_EQ(store_->Delete(Key<Trial>("t")), NotFound("no Trial default/t"));
  EXPECT_EQ(store_->Remove(Key<Trial>("t")), NotFound("no Trial default/t"));
  Create(Named<Trial>("t"));
  EXPECT_EQ(store_->Create(Named<Trial>("t")).status(),
            AlreadyExists("Trial default/t exists already"));
  EXPECT_THAT(store_->Create(Named<Trial>("")).status().message(), HasSubstr("needs a name"));
  EXPECT_EQ(store_->Update(Named<Trial>("t")).status().kind(), StatusKind::kInvalidArgument);
}

TEST_P(EveryStore, RefusesAWriteToWhatHasChangedSince) {
  const ObjectPtr created = Create(Named<Trial>("t"));
  Trial mine = As<Trial>(created);
  Trial yours = As<Trial>(created);
  mine.meta.labels = {{"by", "me"}};
  yours.meta.labels = {{"by", "you"}};
  ASSERT_TRUE(store_->Update(mine).ok());
  const Status late = store_->Update(yours).status();
  EXPECT_EQ(late.kind(), StatusKind::kConflict);
  EXPECT_THAT(late.message(), HasSubstr("Trial default/t has changed since it was read"));
  EXPECT_EQ(store_->UpdateStatus(yours).status().kind(), StatusKind::kConflict);
  EXPECT_EQ(MetaOf(*store_->Get(Key<Trial>("t")).value()).labels, (Labels{{"by", "me"}}));
}

TEST_P(EveryStore, RefusesAWriteToOneThatWasDeletedAndCreatedAgain) {
  Trial old = As<Trial>(Create(Named<Trial>("t")));
  ASSERT_TRUE(store_->Delete(Key<Trial>("t")).ok());
  const ObjectPtr now = Create(Named<Trial>("t"));
  EXPECT_NE(MetaOf(*now).uid, old.meta.uid);
  old.meta.resource_version = MetaOf(*now).resource_version;
  EXPECT_EQ(store_->Update(old).status().kind(), StatusKind::kConflict);
}

TEST_P(EveryStore, KeepsTheUsersEditAndTheReconcilersReportApart) {
  Trial trial = Named<Trial>("t");
  trial.status.start_time = "then";
  Trial current = As<Trial>(Create(trial));
  Trial edit = current;
  edit.spec.retain_run = true;
  edit.status.start_time = "forged";
  current = As<Trial>(store_->Update(edit).value());
  EXPECT_TRUE(current.spec.retain_run);
  EXPECT_EQ(current.status.start_time, "then");
  Trial report = current;
  report.spec.retain_run = false;
  report.meta.labels = {{"forged", "yes"}};
  report.status.start_time = "now";
  current = As<Trial>(store_->UpdateStatus(report).value());
  EXPECT_TRUE(current.spec.retain_run);
  EXPECT_THAT(current.meta.labels, IsEmpty());
  EXPECT_EQ(current.status.start_time, "now");
}

TEST_P(EveryStore, CountsGenerationsOfTheSpecAlone) {
  Trial trial = As<Trial>(Create(Named<Trial>("t")));
  trial.meta.annotations = {{"note", "x"}};
  trial = As<Trial>(store_->Update(trial).value());
  EXPECT_EQ(trial.meta.generation, 1);
  trial.status.start_time = "now";
  trial = As<Trial>(store_->UpdateStatus(trial).value());
  EXPECT_EQ(trial.meta.generation, 1);
  trial.spec.retain_run = true;
  trial.meta.generation = 99;
  trial = As<Trial>(store_->Update(trial).value());
  EXPECT_EQ(trial.meta.generation, 2);
}

TEST_P(EveryStore, WritesNothingWhereNothingChanges) {
  Trial trial = As<Trial>(Create(Named<Trial>("t")));
  trial.status.start_time = "now";
  const ObjectPtr written = store_->UpdateStatus(trial).value();
  EXPECT_EQ(store_->UpdateStatus(As<Trial>(written)).value(), written);
  EXPECT_EQ(store_->Update(As<Trial>(written)).value(), written);
}

TEST_P(EveryStore, NumbersEveryWriteHigher) {
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    const ObjectPtr created = Create(Named<Trial>("t" + std::to_string(i)));
    const std::uint64_t version = std::stoull(MetaOf(*created).resource_version);
    EXPECT_GT(version, last);
    last = version;
  }
}

TEST_P(EveryStore, ListsByCreationThenName) {
  Create(Named<Trial>("z"));
  clock_.Advance(1s);
  Create(Named<Trial>("b"));
  Create(Named<Trial>("a"));
  clock_.Advance(1s);
  Create(Named<Trial>("0", "another"));
  EXPECT_THAT(Names({.kind = "Trial", .namespace_ = "", .labels = {}}),
              ElementsAre("z", "a", "b", "0"));
}

TEST_P(EveryStore, FiltersByKindNamespaceAndAllLabels) {
  Trial one = Named<Trial>("one");
  one.meta.labels = {{"a", "1"}, {"b", "2"}};
  Create(one);
  Trial two = Named<Trial>("two");
  two.meta.labels = {{"a", "1"}};
  Create(two);
  Create(Named<Trial>("three", "other"));
  Create(Named<Experiment>("four"));
  EXPECT_THAT(Names({.kind = "Trial", .namespace_ = "default", .labels = {}}),
              ElementsAre("one", "two"));
  EXPECT_THAT(Names({.kind = "Trial", .namespace_ = "", .labels = {{"a", "1"}}}),
              ElementsAre("one", "two"));
  EXPECT_THAT(Names({.kind = "Trial", .namespace_ = "", .labels = {{"a", "1"}, {"b", "2"}}}),
              ElementsAre("one"));
  EXPECT_THAT(Names({.kind = "Trial", .namespace_ = "", .labels = {{"a", "2"}}}), IsEmpty());
  EXPECT_THAT(Names({.kind = "Experiment", .namespace_ = "", .labels = {}}), ElementsAre("four"));
  EXPECT_FALSE(store_->List({}).ok());
}

// The one list that has an index.
TEST_P(EveryStore, ListsWhatBelongsToAnExperimentByCreationWhileItComesChangesAndGoes) {
  const auto of = [](std::string name, std::string experiment) {
    Trial trial = Named<Trial>(std::move(name));
    trial.meta.labels = {{kExperimentLabel, std::move(experiment)}};
    return trial;
  };
  const ListFilter of_one = {
      .kind = "Trial", .namespace_ = "default", .labels = {{kExperimentLabel, "one"}}};
  Create(of("z", "one"));
  clock_.Advance(1s);
  Create(of("b", "one"));
  Create(of("other", "two"));
  Create(Named<Trial>("of-none"));
  Trial a = of("a", "one");
  a.meta.labels["more"] = "yes";
  Create(a);
  EXPECT_THAT(Names(of_one), ElementsAre("z", "a", "b"));
  ListFilter more = of_one;
  more.labels["more"] = "yes";
  EXPECT_THAT(Names(more), ElementsAre("a"));

  Trial moved = As<Trial>(store_->Get(Key<Trial>("a")).value());
  moved.meta.labels[kExperimentLabel] = "two";
  ASSERT_TRUE(store_->Update(moved).ok());
  Trial running = As<Trial>(store_->Get(Key<Trial>("z")).value());
  running.status.start_time = "now";
  ASSERT_TRUE(store_->UpdateStatus(running).ok());
  ASSERT_TRUE(store_->Delete(Key<Trial>("b")).ok());
  const auto left = store_->List(of_one).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(As<Trial>(left[0]).status.start_time, "now");
}

TEST_P(EveryStore, DeletesAnOwnerWithAllItOwnsAtOnceWhenNothingNeedsCleanup) {
  const ObjectPtr experiment = Create(Named<Experiment>("e"));
  const ObjectPtr trial = Create(OwnedBy<Trial>("t", experiment));
  Create(OwnedBy<Suggestion>("s", trial));
  Create(Named<Trial>("other"));
  ASSERT_TRUE(store_->Delete(Key<Experiment>("e")).ok());
  EXPECT_FALSE(Has(Key<Experiment>("e")));
  EXPECT_FALSE(Has(Key<Trial>("t")));
  EXPECT_FALSE(Has(Key<Suggestion>("s")));
  EXPECT_TRUE(Has(Key<Trial>("other")));
}

TEST_P(EveryStore, KeepsAJobAndItsOwnersUntilItIsRemoved) {
  const ObjectPtr experiment = Create(Named<Experiment>("e"));
  const ObjectPtr busy = Create(OwnedBy<Trial>("busy", experiment));
  const ObjectPtr busy_too = Create(OwnedBy<Trial>("busy-too", experiment));
  Create(OwnedBy<Trial>("done", experiment));
  Create(OwnedBy<TrainingJob>("job", busy));
  Create(OwnedBy<TrainingJob>("job-too", busy_too));
  ASSERT_TRUE(store_->Delete(Key<Experiment>("e")).ok());
  EXPECT_FALSE(Has(Key<Trial>("done")));
  for (const ObjectKey& key : {Key<Experiment>("e"), Key<Trial>("busy"), Key<TrainingJob>("job")}) {
    EXPECT_TRUE(IsMarked(key)) << key.ToString();
  }
  EXPECT_TRUE(store_->Delete(Key<Experiment>("e")).ok());  // again: nothing more to do
  EXPECT_EQ(store_->Remove(Key<Trial>("busy")).kind(), StatusKind::kFailedPrecondition);
  ASSERT_TRUE(store_->Remove(Key<TrainingJob>("job")).ok());
  EXPECT_FALSE(Has(Key<TrainingJob>("job")));
  EXPECT_FALSE(Has(Key<Trial>("busy")));
  EXPECT_TRUE(Has(Key<Experiment>("e")));  // the other trial still waits
  ASSERT_TRUE(store_->Remove(Key<TrainingJob>("job-too")).ok());
  EXPECT_FALSE(Has(Key<Experiment>("e")));
}

TEST_P(EveryStore, LeavesAnOwnerThatIsNotBeingDeleted) {
  const ObjectPtr trial = Create(Named<Trial>("t"));
  Create(OwnedBy<TrainingJob>("job", trial));
  EXPECT_EQ(store_->Remove(Key<TrainingJob>("job")).kind(), StatusKind::kFailedPrecondition);
  ASSERT_TRUE(store_->Delete(Key<TrainingJob>("job")).ok());
  ASSERT_TRUE(store_->Remove(Key<TrainingJob>("job")).ok());
  EXPECT_TRUE(Has(Key<Trial>("t")));
}

TEST_P(EveryStore, CreatesNothingForAnOwnerThatIsGoneOrGoing) {
  const ObjectPtr trial = Create(Named<Trial>("t"));
  Create(OwnedBy<TrainingJob>("job", trial));
  ASSERT_TRUE(store_->Delete(Key<Trial>("t")).ok());
  EXPECT_EQ(
      store_->Create(OwnedBy<TrainingJob>("late", trial)).status(),
      Conflict("TrainingJob default/late: its owner Trial default/t is gone or being deleted"));
  ASSERT_TRUE(store_->Remove(Key<TrainingJob>("job")).ok());
  Create(Named<Trial>("t"));  // another of that name is not the owner
  EXPECT_EQ(store_->Create(OwnedBy<TrainingJob>("late", trial)).status().kind(),
            StatusKind::kConflict);
}

TEST_P(EveryStore, EndsWhereObjectsOwnEachOther) {
  Trial a = As<Trial>(Create(Named<Trial>("a")));
  const ObjectPtr b = Create(OwnedBy<Trial>("b", store_->Get(Key<Trial>("a")).value()));
  a.meta.owner_references = OwnedBy<Trial>("a", b).meta.owner_references;
  ASSERT_TRUE(store_->Update(a).ok());
  ASSERT_TRUE(store_->Delete(Key<Trial>("b")).ok());
  EXPECT_FALSE(Has(Key<Trial>("a")));
  EXPECT_FALSE(Has(Key<Trial>("b")));
}

TEST_P(EveryStore, TellsAWatcherWhatIsThereAndThenWhatChanges) {
  Trial a = As<Trial>(Create(Named<Trial>("a")));
  Create(Named<Experiment>("not-a-trial"));
  Changes changes;
  const auto subscription =
      store_->Watch({.kind = "Trial", .namespace_ = "default", .labels = {}}, changes.Collect());
  EXPECT_THAT(changes.Take(1), ElementsAre("+a"));
  a.spec.retain_run = true;
  ASSERT_TRUE(store_->Update(a).ok());
  EXPECT_THAT(changes.Take(1), ElementsAre("~a"));
  ASSERT_TRUE(store_->Delete(Key<Trial>("a")).ok());
  EXPECT_THAT(changes.Take(1), ElementsAre("-a"));
  Create(Named<Trial>("a"));
  EXPECT_THAT(changes.Take(1), ElementsAre("+a"));
}

TEST_P(EveryStore, TellsOfAnObjectThatBeginsOrCeasesToMatch) {
  Trial a = As<Trial>(Create(Named<Trial>("a")));
  Changes changes;
  const auto subscription = store_->Watch(
      {.kind = "Trial", .namespace_ = "default", .labels = {{"x", "1"}}}, changes.Collect());
  a.meta.labels = {{"x", "1"}};
  a = As<Trial>(store_->Update(a).value());
  EXPECT_THAT(changes.Take(1), ElementsAre("+a"));
  a.meta.labels = {};
  ASSERT_TRUE(store_->Update(a).ok());
  EXPECT_THAT(changes.Take(1), ElementsAre("-a"));
}

TEST_P(EveryStore, TellsEveryObjectsLastStateUnderFourWriters) {
  constexpr int kWriters = 4;
  constexpr int kObjects = 10;
  constexpr int kUpdates = 5;
  Changes changes;
  const auto subscription =
      store_->Watch({.kind = "Trial", .namespace_ = "", .labels = {}}, changes.Collect());
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kObjects; ++i) {
        Trial trial = As<Trial>(Create(Named<Trial>(std::to_string(w) + "-" + std::to_string(i))));
        for (int u = 1; u <= kUpdates; ++u) {
          trial.status.start_time = std::to_string(u);
          trial = As<Trial>(store_->UpdateStatus(trial).value());
        }
        if (i % 2 == 0) {
          CHECK(store_->Delete({"Trial", "default", trial.meta.name}).ok());
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  // Each object's story is told in order and to its end.
  const bool told = changes.WaitUntil([&](const std::deque<Change>& seen) {
    std::map<ObjectKey, const Change*> last;
    for (const Change& change : seen) last[change.key] = &change;
    if (last.size() != kWriters * kObjects) return false;
    return std::ranges::all_of(last, [](const auto& entry) {
      const bool deleted = (entry.first.name.back() - '0') % 2 == 0;
      return deleted ? entry.second->kind == Change::Kind::kDeleted
                     : As<Trial>(entry.second->object).status.start_time == "5";
    });
  });
  EXPECT_TRUE(told);
  EXPECT_TRUE(changes.WaitUntil([&](const std::deque<Change>& seen) {
    std::map<ObjectKey, std::uint64_t> version;
    for (const Change& change : seen) {
      const std::uint64_t next = std::stoull(MetaOf(*change.object).resource_version);
      if (version.contains(change.key) ? next <= version[change.key]
                                       : change.kind != Change::Kind::kAdded) {
        return false;
      }
      version[change.key] = next;
    }
    return true;
  }));
}

TEST_P(EveryStore, DoesNotCallASubscriptionThatHasEnded) {
  Changes ended;
  Changes other;
  const ListFilter trials{.kind = "Trial", .namespace_ = "", .labels = {}};
  auto subscription = store_->Watch(trials, ended.Collect());
  const auto witness = store_->Watch(trials, other.Collect());
  Create(Named<Trial>("a"));
  EXPECT_THAT(ended.Take(1), ElementsAre("+a"));
  subscription.reset();
  Create(Named<Trial>("b"));
  EXPECT_THAT(other.Take(2), ElementsAre("+a", "+b"));
  EXPECT_TRUE(ended.WaitUntil([](const auto& seen) { return seen.empty(); }));
}

TEST_P(EveryStore, WaitsForARunningCallbackBeforeASubscriptionEnds) {
  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;
  bool release = false;
  std::atomic<bool> returned = false;
  auto subscription =
      store_->Watch({.kind = "Trial", .namespace_ = "", .labels = {}}, [&](const Change&) {
        std::unique_lock lock(mutex);
        running = true;
        changed.notify_all();
        changed.wait_for(lock, 30s, [&] { return release; });
        returned = true;
      });
  Create(Named<Trial>("a"));
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 30s, [&] { return running; }));
  }
  std::thread ender([&] {
    subscription.reset();
    EXPECT_TRUE(returned);
  });
  {
    const std::lock_guard lock(mutex);
    release = true;
  }
  changed.notify_all();
  ender.join();
}

TEST_P(EveryStore, ReadsAndWritesWhileAWatcherIsStuck) {
  std::mutex mutex;
  std::condition_variable changed;
  bool release = false;
  auto subscription =
      store_->Watch({.kind = "Trial", .namespace_ = "", .labels = {}}, [&](const Change&) {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, 30s, [&] { return release; });
      });
  for (int i = 0; i < 100; ++i) {
    const std::string name = "t" + std::to_string(i);
    Create(Named<Trial>(name));
    EXPECT_TRUE(Has(Key<Trial>(name)));
  }
  const std::lock_guard lock(mutex);
  release = true;
  changed.notify_all();
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryStore, testing::Values("memory", "sqlite"),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace lockstep
