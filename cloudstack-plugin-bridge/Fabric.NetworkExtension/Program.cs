using System.Text.Json.Nodes;

namespace Fabric.NetworkExtension;

/// <summary>The executable of CloudStack's <c>NetworkOrchestrator</c> extension.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        try
        {
            var invocation = Invocation.Read(arguments);
            using var end = new CancellationTokenSource(invocation.Limit);
            var output = await Bridge.RunAsync(invocation, end.Token);
            if (invocation.HasOutput && output is not null)
            {
                await Console.Out.WriteLineAsync(output.AsMemory(), CancellationToken.None);
            }

            return 0;
        }
        catch (ExtensionException e)
        {
            return await FailAsync(e.Message);
        }
        catch (Exception e)
        {
            // A trace on the other stream would end up in CloudStack's database, and what an error says may quote the payload.
            return await FailAsync($"internal error: {e.GetType().Name}");
        }
    }

    private static async Task<int> FailAsync(string message)
    {
        await Console.Out.WriteLineAsync(new JsonObject { ["status"] = "failed", ["message"] = message }.ToJsonString());
        return 1;
    }
}
