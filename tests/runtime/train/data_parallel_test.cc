#include "runtime/train/data_parallel.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <cstring>
#include <mutex>
#include <set>

#include "tests/runtime/train/rank_threads.h"
#include "tests/runtime/train/recording_communicator.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kFeatures = 12;
constexpr std::int64_t kClasses = 4;

// 12 - hidden - 4; `side` takes part only when it is asked for.
struct Net final : torch::nn::Module {
  explicit Net(std::int64_t hidden = 16)
      : first(register_module("first", torch::nn::Linear(kFeatures, hidden))),
        second(register_module("second", torch::nn::Linear(hidden, kClasses))),
        side(register_module("side", torch::nn::Linear(kFeatures, kClasses))) {}
  at::Tensor forward(const at::Tensor& x, bool with_side = true) {
    const at::Tensor y = second(at::relu(first(x)));
    return with_side ? y + side(x) : y;
  }
  torch::nn::Linear first, second, side;
};

// libtorch's default generator is one per process, and the ranks here are threads of it.
std::shared_ptr<Net> MakeNet(std::uint64_t seed, std::int64_t hidden = 16) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  at::manual_seed(seed);
  return std::make_shared<Net>(hidden);
}

// Step `step`'s global batch of 8 examples, and one rank's share of it.
struct Batch {
  Batch(int step, int rank = 0, int ranks = 1) {
    at::Generator random = at::detail::createCPUGenerator(static_cast<std::uint64_t>(step) + 1);
    const std::int64_t rows = 8 / ranks;
    x = at::randn({8, kFeatures}, random).narrow(0, rank * rows, rows);
    y = at::randint(kClasses, {8}, random, at::kLong).narrow(0, rank * rows, rows);
  }
  at::Tensor x, y;
};

at::Tensor Loss(Net& net, const Batch& batch, bool with_side = true) {
  return at::cross_entropy_loss(net.forward(batch.x, with_side), batch.y);
}

std::unique_ptr<DataParallel> MustCreate(Net& net, Communicator& group,
                                         const DataParallelOptions& options = {}) {
  Result<std::unique_ptr<DataParallel>> created = DataParallel::Create(net, group, options);
  CHECK(created.ok()) << created.status().ToString();
  return std::move(created).value();
}

std::string Bytes(const Net& net) {
  std::string bytes;
  for (const at::Tensor& parameter : net.parameters()) {
    bytes.append(static_cast<const char*>(parameter.const_data_ptr()), parameter.nbytes());
  }
  return bytes;
}

std::vector<at::Tensor> Gradients(const Net& net) {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : net.parameters())
    gradients.push_back(parameter.grad().clone());
  return gradients;
}

void ExpectClose(const std::vector<at::Tensor>& got, const std::vector<at::Tensor>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(at::allclose(got[i], wanted[i], 1e-5, 1e-6)) << "tensor " << i;
  }
}

std::vector<at::Tensor> GradientsAlone(std::initializer_list<int> steps, bool with_side = true) {
  const auto net = MakeNet(1);
  for (const int step : steps) Loss(*net, Batch(step), with_side).backward();
  for (const at::Tensor& parameter : net->parameters()) {
    if (!parameter.grad().defined()) parameter.mutable_grad() = at::zeros_like(parameter);
  }
  return Gradients(*net);
}

TEST(DataParallel, KeepsParametersBitwiseEqualOver500Steps) {
  std::vector<std::string> bytes(2);
  OnRanks(2, [&](Communicator& group) {
    // Different initial values: rank 0's are taken.
    const auto net = MakeNet(static_cast<std::uint64_t>(group.rank()) + 1);
    torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
    const auto parallel = MustCreate(*net, group, {.bucket_sizes = {64, 256}});
    for (int step = 0; step < 500; ++step) {
      parallel->ZeroGrad();
      Loss(*net, Batch(step, group.rank(), 2)).backward();
      ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
      optimizer.step();
    }
    bytes[static_cast<std::size_t>(group.rank())] = Bytes(*net);
  });
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_NE(bytes[0], Bytes(*MakeNet(1))) << "nothing was learned";
}

TEST(DataParallel, FollowsTheLossCurveOfASingleProcess) {
  const auto curve = [](Communicator& group) {
    std::vector<double> losses;
    const auto net = MakeNet(1);
    torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
    const auto parallel = MustCreate(*net, group);
    for (int step = 0; step < 100; ++step) {
      parallel->ZeroGrad();
      const at::Tensor loss = Loss(*net, Batch(step, group.rank(), group.size()));
      loss.backward();
      CHECK(parallel->Finish(kTestDeadline).ok());
      optimizer.step();
      double mean = loss.item<double>();
      CHECK(group.AllReduce({&mean, 1, DataType::kFloat64}, ReduceOp::kAverage, nullptr)
                ->Wait(kTestDeadline)
                .ok());
      losses.push_back(mean);
    }
    return losses;
  };
  std::vector<double> alone, two;
  OnRanks(1, [&](Communicator& group) { alone = curve(group); });
  OnRanks(2, [&](Communicator& group) {
    const std::vector<double> losses = curve(group);
    if (group.rank() == 0) two = losses;
  });
  for (std::size_t step = 0; step < alone.size(); ++step) {
    ASSERT_NEAR(two[step], alone[step], 1e-4) << step;
  }
}

// Over a network that carries nothing until somebody waits: backward neither waits for it nor
// saves the all-reduces up for its end.
TEST(DataParallel, StartsAllReducesWhileBackwardStillRuns) {
  EventLog log;
  OnRanks(2, [&](Communicator& group) {
    EventLog other;
    EventLog& mine = group.rank() == 0 ? log : other;
    const auto net = MakeNet(1);
    RecordingCommunicator slow(group, mine, /*slow=*/true);
    const auto parallel = MustCreate(*net, slow, {.bucket_sizes = {1, 1}});
    // Fires when the gradient is known, before it is accumulated.
    net->first->weight.register_hook([&](const at::Tensor& gradient) {
      mine.Add("gradient of first.weight");
      return gradient;
    });
    const at::Tensor loss = Loss(*net, Batch(0, group.rank(), 2));
    mine.Add("backward");
    loss.backward();
    mine.Add("backward done");
    ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
  });
  std::vector<std::string> events = log.events();
  events.erase(events.begin(), std::find(events.begin(), events.end(), "backward"));
  const auto when = [&](const std::string& prefix) {
    return std::find_if(events.begin(), events.end(),
                        [&](const std::string& event) { return event.starts_with(prefix); }) -
           events.begin();
  };
  EXPECT_LT(when("start "), when("gradient of first.weight")) << ::testing::PrintToString(events);
  EXPECT_LT(when("backward done"), when("done ")) << ::testing::PrintToString(events);
}

TEST(DataParallel, GradientsAreViewsOfTheBuckets) {
  OnRanks(1, [](Communicator& group) {
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, group);
    const auto pointers = [&] {
      std::vector<const void*> found;
      for (const auto& p : net->parameters()) found.push_back(p.grad().const_data_ptr());
      return found;
    };
    Loss(*net, Batch(0)).backward();
    ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
    const auto bound = pointers();  // after the one rebuild
    for (int step = 0; step < 3; ++step) {
      parallel->ZeroGrad();
      Loss(*net, Batch(step)).backward();
      EXPECT_EQ(pointers(), bound);
      ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
    }
    torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1));
    optimizer.zero_grad();  // drops the gradients
    ASSERT_FALSE(net->first->weight.grad().defined());
    Loss(*net, Batch(0)).backward();
    EXPECT_EQ(pointers(), bound) << "bound again";
    ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
    ExpectClose(Gradients(*net), GradientsAlone({0}));
  });
}

TEST(DataParallel, AveragesAlsoAfterZeroGradDroppedTheGradients) {
  OnRanks(2, [](Communicator& group) {
    const auto net = MakeNet(1);
    torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.0));
    const auto parallel = MustCreate(*net, group);
    for (int step = 0; step < 4; ++step) {
      optimizer.zero_grad();
      Loss(*net, Batch(step, group.rank(), 2)).backward();
      ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
      ExpectClose(Gradients(*net), GradientsAlone({step}));
    }
  });
}

TEST(DataParallel, AccumulatesUnderNoSyncWithoutAnyTraffic) {
  OnRanks(2, [](Communicator& group) {
    EventLog log;
    RecordingCommunicator recorder(group, log);
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, recorder);
    for (int round = 0; round < 3; ++round) {  // before, at and after the rebuild
      parallel->ZeroGrad();
      {
        const std::size_t before = log.events().size();
        const auto pause = parallel->NoSync();
        Loss(*net, Batch(0, group.rank(), 2)).backward();
        Loss(*net, Batch(1, group.rank(), 2)).backward();
        EXPECT_EQ(log.events().size(), before);
      }
      Loss(*net, Batch(2, group.rank(), 2)).backward();
      ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
      ExpectClose(Gradients(*net), GradientsAlone({0, 1, 2}));
    }
  });
}

TEST(DataParallel, NamesUnusedParameters) {
  OnRanks(2, [](Communicator& group) {
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, group);
    Loss(*net, Batch(0, group.rank(), 2), /*with_side=*/false).backward();
    const Status status = parallel->Finish(kTestDeadline);
    EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr("'side.weight', 'side.bias'"));
  });
}

TEST(DataParallel, TreatsUnusedParametersAsZeroWhenToldSo) {
  OnRanks(2, [](Communicator& group) {
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, group, {.unused_as_zero = true});
    for (int step = 0; step < 3; ++step) {
      parallel->ZeroGrad();
      Loss(*net, Batch(step, group.rank(), 2), /*with_side=*/false).backward();
      ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
      ExpectClose(Gradients(*net), GradientsAlone({step}, false));
    }
  });
}

TEST(DataParallel, ARankWithoutDataTakesPartWithZeros) {
  OnRanks(2, [](Communicator& group) {
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, group);
    for (int step = 0; step < 2; ++step) {
      parallel->ZeroGrad();
      if (group.rank() == 0) {
        (Loss(*net, Batch(step)) * 2).backward();
        ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
      } else {
        ASSERT_TRUE(parallel->FinishWithoutBackward(kTestDeadline).ok());
      }
      ExpectClose(Gradients(*net), GradientsAlone({step}));
    }
  });
}

TEST(DataParallel, NamesTheFirstParameterThatDiffers) {
  OnRanks(2, [](Communicator& group) {
    const auto net = MakeNet(1, group.rank() == 0 ? 16 : 20);
    const Status status = DataParallel::Create(*net, group, {}).status();
    EXPECT_EQ(status.kind(), StatusKind::kFailedPrecondition);
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("parameter first.weight Float[16, 12]"),
                      HasSubstr("parameter first.weight Float[20, 12]"), HasSubstr("rank 1")));
  });
}

TEST(DataParallel, GivesTheBuffersOfRankZero) {
  OnRanks(2, [](Communicator& group) {
    const auto net = MakeNet(1);
    const at::Tensor count =
        net->register_buffer("count", at::full({3}, group.rank() + 5, at::kByte));
    const auto parallel = MustCreate(*net, group);
    EXPECT_TRUE(count.eq(5).all().item<bool>());
  });
}

TEST(DataParallel, RefusesABackwardTooMany) {
  OnRanks(1, [](Communicator& group) {
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, group);
    Loss(*net, Batch(0)).backward();
    Loss(*net, Batch(1)).backward();
    EXPECT_THAT(parallel->Finish(kTestDeadline).message(), HasSubstr("came twice in one step"));
  });
}

TEST(DataParallel, LeavesAnOrdinaryModuleBehind) {
  OnRanks(1, [](Communicator& group) {
    const auto net = MakeNet(1);
    {
      const auto parallel = MustCreate(*net, group);
      EXPECT_THAT(DataParallel::Create(*net, group, {}).status().message(),
                  HasSubstr("is the module in another DataParallel?"));
    }
    net->zero_grad();
    Loss(*net, Batch(0)).backward();
    ExpectClose(Gradients(*net), GradientsAlone({0}));
    EXPECT_NE(MustCreate(*net, group), nullptr);
  });
}

TEST(DataParallel, LaysBucketsOutByArrivalOnceAndKeepsAGivenOrder) {
  std::vector<std::int64_t> learned;
  OnRanks(2, [&](Communicator& group) {
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, group);
    const std::vector<std::int64_t> before = parallel->BucketOrder();
    EXPECT_THAT(before, ElementsAre(5, 4, 3, 2, 1, 0));
    // The layer that was registered last is used first: its gradients come last.
    const at::Tensor x = Batch(0, group.rank(), 2).x;
    net->forward(x + net->side(x).sum(1, true), /*with_side=*/false).sum().backward();
    ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
    const std::vector<std::int64_t> after = parallel->BucketOrder();
    EXPECT_EQ(std::set<std::int64_t>(after.end() - 2, after.end()), (std::set<std::int64_t>{4, 5}));
    if (group.rank() == 0) learned = parallel->BucketOrder();
  });
  OnRanks(2, [&](Communicator& group) {
    const auto net = MakeNet(1);
    const auto parallel = MustCreate(*net, group, {.bucket_order = learned});
    Loss(*net, Batch(0, group.rank(), 2)).backward();
    ASSERT_TRUE(parallel->Finish(kTestDeadline).ok());
    EXPECT_EQ(parallel->BucketOrder(), learned);
    EXPECT_EQ(DataParallel::Create(*MakeNet(1), group, {.bucket_order = {0, 0, 1, 2, 3, 4}})
                  .status()
                  .kind(),
              StatusKind::kInvalidArgument);
  });
}

}  // namespace
}  // namespace lockstep
