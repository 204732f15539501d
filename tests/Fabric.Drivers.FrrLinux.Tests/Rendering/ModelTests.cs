using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux.Rendering;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Drivers.Tests.Planning;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Drivers.FrrLinux.Tests.Rendering;

/// <summary>Carries commands out on a model of a device: a set of lines, in which undoing a line takes along what is under it.</summary>
public sealed class ModelTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(300).WithStartSize(1000).WithEndSize(1_000_000);

    [Fact]
    public void The_commands_lead_from_one_state_to_the_other() => Prop
        .ForAll<int, int>((a, b) =>
        {
            var (model, artifact, desired) = Start(a, b);
            foreach (var command in artifact.Steps.SelectMany(s => s.Forward))
            {
                model.Run(command);
            }

            return model.Lines.SetEquals(LinesOf(desired).Keys);
        })
        .Check(Many);

    [Fact]
    public void From_every_step_the_backward_commands_lead_back() => Prop
        .ForAll<int, int, int>((a, b, cut) =>
        {
            var (model, artifact, _) = Start(a, b);
            var before = model.Lines.ToHashSet();
            var begun = artifact.Steps.IsEmpty ? 0 : Math.Abs(cut % (artifact.Steps.Length + 1));
            foreach (var step in artifact.Steps.Take(begun))
            {
                foreach (var command in step.Forward)
                {
                    model.Run(command);
                }
            }

            foreach (var command in artifact.Steps.Take(begun).Reverse().SelectMany(s => s.Backward))
            {
                model.Run(command);
            }

            return model.Lines.SetEquals(before);
        })
        .Check(Many);

    [Fact]
    public void Lines_that_stay_are_not_touched() => Prop
        .ForAll<int, int>((a, b) =>
        {
            var (current, desired) = (RandomStates.Make(a), RandomStates.Make(b));
            var replaced = DeviceDiff.Compute(current, desired).Changes.Where(c => c.Before is null && current.Contains(c.Key)).Select(c => c.Key).ToHashSet();
            var staying = LinesOf(current).Keys.Intersect(LinesOf(desired).Keys).ToHashSet();
            return replaced.Count > 0 || Start(a, b).Artifact.Forward.All(c => !staying.Contains(c));
        })
        .Check(Many);

    private static (Model Model, DeviceArtifact Artifact, DeviceState Desired) Start(int a, int b)
    {
        var (current, desired) = (RandomStates.Make(a), RandomStates.Make(b));
        return (new Model(LinesOf(current), LinesOf(desired)), Renderer.Render(DeviceDiff.Compute(current, desired), FrrDialect.Switch), desired);
    }

    private static Dictionary<string, ConfigLine> LinesOf(DeviceState state)
    {
        var asn = (state.Find(BgpInstance.TheKey) as BgpInstance)?.Asn;
        var lines = new Dictionary<string, ConfigLine>();
        foreach (var line in state.SelectMany(o => ObjectLines.Of(o, asn, FrrDialect.Switch)))
        {
            lines[line.Identity] = line;
        }

        return lines;
    }

    private sealed class Model(Dictionary<string, ConfigLine> present, Dictionary<string, ConfigLine> wanted)
    {
        private readonly List<ConfigLine> _known = [.. present.Values, .. wanted.Values];

        public HashSet<string> Lines { get; } = [.. present.Keys];

        public void Run(DeviceCommand command)
        {
            var identity = ConfigLine.IdentityOf(command.Shell, command.Context, command.Text);
            var undone = _known.Where(l => Lines.Contains(l.Identity) && l.Shell == command.Shell && l.Context == command.Context && l.Undo == command.Text).ToList();
            foreach (var line in undone)
            {
                Remove(line);
            }

            var written = _known.Find(l => l.Identity == identity);
            if (written is null)
            {
                return;
            }

            if (written.Slot is not null)
            {
                Lines.ExceptWith(_known.Where(l => l.Slot == written.Slot && l.Shell == written.Shell && l.Context == written.Context).Select(l => l.Identity));
            }

            Lines.Add(identity);
        }

        private void Remove(ConfigLine line)
        {
            Lines.Remove(line.Identity);
            var gone = new HashSet<string> { line.Identity };
            foreach (var under in _known.Where(l => Lines.Contains(l.Identity) && l.IsUnder(gone)).ToList())
            {
                Remove(under);
            }
        }
    }
}
